//! Times in documents: RFC 3339 as they are written, a number here, so that they can be shown as a distance. `Timestamp`
//! has no schema of its own, so that no document can describe it as the number that it is not.

/// A time that may be missing, for `#[serde(with = …)]`.
pub(super) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::ids::Timestamp;

    #[expect(clippy::ref_option, reason = "serde passes references to fields")]
    pub(in crate::dto) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::rfc3339).serialize(serializer)
    }

    pub(in crate::dto) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| chrono::DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom))
            .transpose()
            .map(|time| time.map(|time| Timestamp(time.timestamp_millis())))
    }
}
