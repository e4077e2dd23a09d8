//! From the triggers that the builder collected to drafts.

use super::{Names, name};
use crate::{
    definition::{
        Spanned,
        builder::{
            Target,
            triggers::{TriggerParts, WhenParts},
        },
        cron::TimeZone,
        draft::{Argument, Read, TriggerDraft},
        mistake,
        trigger::{TriggerKind, WebhookAuth},
    },
    ids::Name,
};
use serde_json::Value as Json;

impl Names<'_> {
    pub(super) fn trigger(&mut self, parts: &TriggerParts) -> TriggerDraft {
        let who = format!("trigger `{}`", parts.name);
        let payload = parts.payload.map(|target| self.param_name(&format!("payload of {who}"), target)).transpose();
        let params = parts.params.iter().map(|(target, literal)| -> Argument<Json> {
            let who = format!("a parameter of {who}");
            (self.param_name(&who, *target), self.literal(&who, literal).map(Spanned::built))
        });
        let params = Ok(params.collect());
        TriggerDraft {
            title: parts.name.clone(),
            name: name("name of a trigger", &parts.name, self.report),
            kind: self.kind(&who, &parts.when).map(Spanned::built),
            payload,
            params,
            overlap: Ok(Some(Spanned::built(parts.overlap))),
            paused: Ok(Some(Spanned::built(parts.paused))),
        }
    }

    fn kind(&mut self, who: &str, when: &WhenParts) -> Read<TriggerKind> {
        Ok(match when {
            WhenParts::Cron { expression, timezone, catch_up } => {
                let expression = expression.parse();
                let expression = expression.map_err(|error| self.report.push(mistake::bad_cron(who, &error, 0..0)));
                let zone = timezone.as_ref().map_or(Ok(TimeZone::UTC), |zone| zone.parse());
                let timezone = zone.map_err(|error| self.report.push(mistake::bad_timezone(who, &error, 0..0)));
                TriggerKind::Cron { expression: expression?, timezone: timezone?, catch_up: *catch_up }
            }
            WhenParts::Every { ms, start, catch_up } => {
                TriggerKind::Interval { every_ms: *ms, start: *start, catch_up: *catch_up }
            }
            WhenParts::File { path, pattern, settle_ms } => {
                let text = pattern.as_deref().unwrap_or("*");
                let pattern = text.parse();
                let pattern =
                    pattern.map_err(|error| self.report.push(mistake::bad_pattern(who, text, error, 0..0)))?;
                TriggerKind::File { path: path.clone(), pattern, settle_ms: *settle_ms }
            }
            WhenParts::Webhook { path, secret, max_body } => {
                let path = self.word(&format!("path of {who}"), path);
                let secret = secret.as_ref().map(|secret| self.word(&format!("secret of {who}"), secret)).transpose();
                TriggerKind::Webhook {
                    path: path?,
                    auth: secret?.map_or(WebhookAuth::None, WebhookAuth::Secret),
                    max_body: *max_body,
                }
            }
            WhenParts::Finished { pipeline, states } => TriggerKind::Finished {
                pipeline: self.word(&format!("pipeline of {who}"), pipeline)?,
                states: states.clone(),
            },
            WhenParts::Custom { kind, settings } => {
                TriggerKind::Custom { kind: self.word(&format!("kind of {who}"), kind)?, settings: settings.clone() }
            }
        })
    }

    fn word(&mut self, what: &str, text: &str) -> Read<Name> {
        name(what, text, self.report).map(|name| name.value)
    }

    fn param_name(&mut self, who: &str, target: Target) -> Read<Spanned<Name>> {
        match target {
            Target::Param(index) => self.params.get(index).cloned().unwrap_or_else(|| Err(self.foreign(who))),
            _ => Err(self.foreign(who)),
        }
    }
}
