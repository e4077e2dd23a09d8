//! The comparison itself: every alternative of the producer looks for one of the consumer that takes it.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use serde_json::Value as Json;

use super::{
    expand::{Alternative, Budget, Kinds, MAX_DEPTH, Node, expand},
    scalars,
    verdict::{Verdict, Why},
    words,
};

/// Keywords of a consumer that are not interpreted. `uniqueItems` is not among them: it is what schemars writes
/// for a set, and a set takes an item twice without complaint.
const UNCHECKED: [(Kinds, &[&str]); 4] = [
    (Kinds::ALL, &["not", "if", "$dynamicRef"]),
    (Kinds::INTEGER, &["multipleOf"]),
    (Kinds::LIST, &["contains", "unevaluatedItems"]),
    (
        Kinds::OBJECT,
        &[
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ],
    ),
];

/// One kind of value of one alternative.
pub(super) struct Variant<'v, 'a> {
    pub(super) kind: Kinds,
    pub(super) alternative: &'v Alternative<'a>,
    /// Of numbers: whether they are whole.
    pub(super) whole: bool,
    /// The value, where it is known.
    pub(super) value: Option<&'a Json>,
}

impl Variant<'_, '_> {
    pub(super) fn words(&self) -> String {
        words::of_variant(self)
    }
}

type Pair = (Vec<usize>, Vec<usize>);

pub(super) struct Comparison<'b> {
    budget: &'b Budget,
    decided: HashMap<Pair, Verdict>,
    /// The pairs being compared, from the outside in. Met again, a pair is taken to fit: types that
    /// contain themselves fit if nothing else in them says otherwise.
    open: HashSet<Pair>,
    /// How often that was assumed. What follows from an assumption holds only inside of it and is not remembered.
    assumed: usize,
}

impl<'b> Comparison<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self { budget, decided: HashMap::new(), open: HashSet::new(), assumed: 0 }
    }

    /// Compares two schemas.
    pub(super) fn nodes(&mut self, produced: &Node<'_>, wanted: &Node<'_>) -> Verdict {
        let pair = (produced.identity(), wanted.identity());
        if let Some(verdict) = self.decided.get(&pair) {
            return verdict.clone();
        }
        if self.open.contains(&pair) {
            self.assumed += 1;
            return Verdict::Fits;
        }
        if self.open.len() == MAX_DEPTH || !self.budget.spend(1) {
            return Verdict::unknown(Why::TooLarge);
        }
        let assumed = self.assumed;
        self.open.insert(pair.clone());
        let (from, to) = (expand(produced, self.budget), expand(wanted, self.budget));
        let verdict = self.alternatives(&from, &to);
        self.open.remove(&pair);
        if self.assumed == assumed {
            self.decided.insert(pair, verdict.clone());
        }
        verdict
    }

    /// Compares what crosses an edge, or a part of it.
    pub(super) fn alternatives(&mut self, produced: &[Alternative<'_>], wanted: &[Alternative<'_>]) -> Verdict {
        let said = OnceCell::new();
        let words = || said.get_or_init(|| (words::of(produced), words::of(wanted))).clone();
        let (from, to) = (variants(produced, true), variants(wanted, false));
        let verdicts: Vec<Verdict> = from.iter().map(|variant| self.best(variant, &to, &words)).collect();
        let verdict = together(&from, verdicts, &words);
        let Verdict::Unknown { at, why } = verdict else {
            return verdict;
        };
        let doubt = produced.iter().find_map(|alternative| alternative.doubt.clone());
        let why = match doubt {
            Some(doubt) => doubt,
            None if at.is_whole() && produced.iter().any(Alternative::is_anything) => Why::Anything(words().1),
            None => why,
        };
        Verdict::Unknown { at, why }
    }

    /// The verdict of the alternative that suits best.
    fn best<'a>(
        &mut self,
        produced: &Variant<'_, 'a>,
        wanted: &[Variant<'_, 'a>],
        words: &dyn Fn() -> (String, String),
    ) -> Verdict {
        let mut best: Option<Verdict> = None;
        let mut candidates = 0;
        for variant in wanted.iter().filter(|variant| comparable(produced.kind, variant.kind)) {
            let verdict =
                if self.budget.spend(1) { self.variants(produced, variant) } else { Verdict::unknown(Why::TooLarge) };
            if verdict == Verdict::Fits {
                return verdict;
            }
            candidates += 1;
            if best.as_ref().is_none_or(|best| verdict.badness() < best.badness()) {
                best = Some(verdict);
            }
        }
        match best {
            // Among several, nobody knows which one was meant: the whole types say more than a detail of one.
            Some(Verdict::Cannot { .. }) if candidates > 1 => Verdict::cannot(produced.words(), words().1),
            Some(verdict) => verdict,
            None => Verdict::cannot(produced.words(), words().1),
        }
    }

    fn variants<'a>(&mut self, produced: &Variant<'_, 'a>, wanted: &Variant<'_, 'a>) -> Verdict {
        if let (Some(allowed), Some(value)) = (&wanted.alternative.values, produced.value) {
            return match allowed.contains(&value) {
                true => Verdict::Fits,
                false => Verdict::cannot(produced.words(), words::of_alternative(wanted.alternative)),
            };
        }
        let verdict = match (produced.kind, wanted.kind) {
            (Kinds::INTEGER, _) => scalars::numbers(produced, wanted),
            (Kinds::STRING, _) => scalars::texts(produced, wanted),
            (Kinds::LIST, _) => self.lists(produced, wanted),
            (Kinds::OBJECT, _) | (_, Kinds::OBJECT) => self.objects(produced, wanted),
            _ => Verdict::Fits,
        };
        verdict.and(doubts(produced, wanted))
    }
}

/// What the consumer says that is not decided, whatever the rest says.
fn doubts(produced: &Variant<'_, '_>, wanted: &Variant<'_, '_>) -> Verdict {
    if wanted.alternative.values.is_some() && wanted.kind != Kinds::NULL {
        return Verdict::unknown(Why::Wider {
            produced: produced.words(),
            wanted: words::of_alternative(wanted.alternative),
        });
    }
    if let Some(why) = &wanted.alternative.doubt {
        return Verdict::unknown(why.clone());
    }
    let keywords = UNCHECKED.iter().filter(|(kinds, _)| kinds.has(wanted.kind)).flat_map(|(_, keywords)| *keywords);
    for keyword in keywords {
        let same = || produced.alternative.keyword(keyword).next() == wanted.alternative.keyword(keyword).next();
        if wanted.alternative.keyword(keyword).next().is_some() && !same() {
            return Verdict::unknown(Why::Keyword(keyword));
        }
    }
    Verdict::Fits
}

/// One verdict from those of all variants: null fits nearly everywhere and says little, so the others decide
/// whether the edge makes sense.
fn together(from: &[Variant<'_, '_>], verdicts: Vec<Verdict>, words: &dyn Fn() -> (String, String)) -> Verdict {
    let null_alone = from.iter().all(|variant| variant.kind == Kinds::NULL);
    let decisive = || from.iter().zip(&verdicts).filter(|(variant, _)| null_alone || variant.kind != Kinds::NULL);
    if decisive().next().is_some() && decisive().all(|(_, verdict)| verdict.is_cannot()) {
        let mut cannot = decisive().map(|(_, verdict)| verdict);
        return match (cannot.next(), cannot.next()) {
            (Some(one), None) if from.len() == 1 || !at_top(one) => one.clone(),
            _ => {
                let (produced, wanted) = words();
                Verdict::cannot(produced, wanted)
            }
        };
    }
    let mut unknown = None;
    for (variant, verdict) in from.iter().zip(verdicts) {
        match verdict {
            Verdict::Fits => {}
            Verdict::Cannot { .. } | Verdict::NoPart { .. } => {
                return Verdict::unknown(Why::MayBe { produced: variant.words(), wanted: words().1 });
            }
            Verdict::Unknown { .. } => unknown = unknown.or(Some(verdict)),
        }
    }
    unknown.unwrap_or(Verdict::Fits)
}

fn at_top(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Cannot { at, .. } if at.is_whole())
}

/// Whether a value of the one kind may be of the other. A file is a map with one key, see [`super::objects`].
fn comparable(produced: Kinds, wanted: Kinds) -> bool {
    produced == wanted || (Kinds::FILE.or(Kinds::OBJECT).has(produced) && Kinds::FILE.or(Kinds::OBJECT).has(wanted))
}

fn variants<'v, 'a>(alternatives: &'v [Alternative<'a>], by_value: bool) -> Vec<Variant<'v, 'a>> {
    alternatives.iter().flat_map(|alternative| variants_of(alternative, by_value)).collect()
}

/// One variant for each value that is listed, if that is asked for, else for each kind of value.
pub(super) fn variants_of<'v, 'a>(
    alternative: &'v Alternative<'a>,
    by_value: bool,
) -> Box<dyn Iterator<Item = Variant<'v, 'a>> + 'v> {
    if let (true, Some(values)) = (by_value, &alternative.values)
        && values.iter().all(|value| !value.is_array() && !value.is_object())
    {
        return Box::new(values.iter().filter_map(|value| variant_of_value(alternative, value)));
    }
    let kinds = [
        Kinds::INTEGER,
        Kinds::FRACTION,
        Kinds::STRING,
        Kinds::BYTES,
        Kinds::BOOLEAN,
        Kinds::LIST,
        Kinds::OBJECT,
        Kinds::FILE,
        Kinds::NULL,
    ];
    let whole = !alternative.kinds.has(Kinds::FRACTION);
    let present = kinds.into_iter().filter(|kind| alternative.kinds.has(*kind));
    Box::new(present.filter(move |kind| whole || *kind != Kinds::INTEGER).map(move |kind| Variant {
        kind: number(kind),
        alternative,
        whole,
        value: None,
    }))
}

fn variant_of_value<'v, 'a>(alternative: &'v Alternative<'a>, value: &'a Json) -> Option<Variant<'v, 'a>> {
    let kind = Kinds::of_value(value);
    // `{"type": "number", "const": 30}` is written as a float: its kinds are those of the value within the type.
    let fits = alternative.kinds.has(kind);
    fits.then(|| Variant { kind: number(kind), alternative, whole: kind == Kinds::INTEGER, value: Some(value) })
}

/// Numbers are one kind for comparing, whole or not.
fn number(kind: Kinds) -> Kinds {
    if kind == Kinds::FRACTION { Kinds::INTEGER } else { kind }
}
