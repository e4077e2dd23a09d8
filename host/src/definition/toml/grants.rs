//! `grants` of a step: what it asks for outside its sandbox.

use ::toml::de::DeValue;

use super::{
    Value,
    flow::flag,
    table::{Field, Table},
};
use crate::{
    definition::{Spanned, draft::Read, problem::Problem, report::Report, suggest::shorten},
    grants::{Grant, GrantError, NetGrant},
};

/// An example of what a list holds.
const NET: &str = "https://example.com";

/// All grants that are asked for.
pub(super) fn read(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<Spanned<Grant>>> {
    let table = field.table("write `grants = { clock = true }`", report)?;
    let mut table = Table::new(table, format!("`grants` of {}", field.title));
    let mut grants = Vec::new();
    for grant in Grant::FLAGS {
        let Some(field) = table.take(grant.kind()) else { continue };
        grants.push(flag(&field, report).map(|on| on.value.then_some(Spanned { value: grant, span: field.key_span })));
    }
    if let Some(field) = table.take("net") {
        each(&field, NET, report, |item, report| net(item, report), &mut grants);
    }
    if let Some(field) = table.take("secrets") {
        let secret = |item: &Field<'_, '_>, report: &mut Report| {
            item.name("token", report).map(|name| Spanned { value: Grant::Secret(name.value), span: name.span })
        };
        each(&field, "token", report, secret, &mut grants);
    }
    if let Some(field) = table.take("env") {
        let env = |item: &Field<'_, '_>, report: &mut Report| {
            let text = item.string("REGION", report)?;
            let name = text.value.parse().map_err(|error| refused(&error, item, report))?;
            Ok(Spanned { value: Grant::Env(name), span: text.span })
        };
        each(&field, "REGION", report, env, &mut grants);
    }
    table.close(report);
    grants.into_iter().filter_map(Result::transpose).collect()
}

/// Reads every item of a list.
fn each<'t, 'i>(
    field: &Field<'t, 'i>,
    example: &str,
    report: &mut Report,
    read: impl Fn(&Field<'t, 'i>, &mut Report) -> Read<Spanned<Grant>>,
    grants: &mut Vec<Read<Option<Spanned<Grant>>>>,
) {
    let DeValue::Array(items) = field.value.get_ref() else {
        let help = format!("write `{} = [\"{example}\"]`", field.key);
        grants.push(Err(field.wrong_type("an array", &help, report)));
        return;
    };
    for item in items.iter() {
        let value: &'t Value<'i> = item;
        let item = Field { key: field.key, key_span: field.key_span.clone(), value, title: field.title.clone() };
        grants.push(read(&item, report).map(Some));
    }
}

/// An origin alone, or with headers that the host sets.
fn net(item: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<Grant>> {
    let span = item.value.span();
    let DeValue::Table(table) = item.value.get_ref() else {
        let text = item.string(NET, report)?;
        let origin = text.value.parse().map_err(|error| refused(&error, item, report))?;
        return Ok(Spanned { value: Grant::Net(NetGrant::to(origin)), span });
    };
    let mut table = Table::new(table, item.title.clone());
    let url = table.require("url", span.clone(), "url = \"https://example.com\"", report);
    let headers = table.take("headers").map(|field| headers(&field, report)).transpose();
    table.close(report);
    let url = url?;
    let origin = url.string(NET, report)?.value.parse().map_err(|error| refused(&error, &url, report))?;
    let mut net = NetGrant::to(origin);
    for (name, text) in headers?.unwrap_or_default() {
        net.headers.insert(name, text);
    }
    Ok(Spanned { value: Grant::Net(net), span })
}

fn headers(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<(String, crate::grants::SecretTemplate)>> {
    let help = "write `headers = { authorization = \"Bearer {token}\" }`, where `token` is a secret";
    let entries = field.entries(help, &field.title, report)?;
    let read: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let name = NetGrant::header_name(entry.key).map_err(|error| {
                let problem =
                    Problem::error("stepmill::definition::bad_grant", error.to_string(), entry.key_span.clone());
                report.push(problem.help("name another header, or let the step set it"))
            });
            let text = entry.string("Bearer {token}", report)?;
            let template = text.value.parse().map_err(|error: crate::grants::TemplateError| {
                let message = format!("header `{}` of {}: {error}", shorten(entry.key), field.title);
                report.push(Problem::error("stepmill::definition::bad_grant", message, text.span).help(help))
            });
            Ok((name?, template?))
        })
        .collect();
    read.into_iter().collect()
}

fn refused(error: &GrantError, field: &Field<'_, '_>, report: &mut Report) -> crate::definition::report::Reported {
    let message = format!("`{}` of {}: {error}", shorten(field.key), field.title);
    let help = "`docs/grants.md` lists what can be granted";
    report.push(Problem::error("stepmill::definition::bad_grant", message, field.value.span()).help(help))
}
