//! What follows the marker that opens a call, for each form.

use serde_json::Value;

use super::json_schema::{alone, properties};
use super::marked_answer::{MarkedForm, newline};
use super::{CallRules, CallableTool, literal_value, tagged_value};
use crate::error::Result;
use crate::grammar::lark::{Lark, any_of, json, quote};
use crate::text::ToolFormat;

/// How calls of the form of `rules` stand in an answer.
pub(super) fn of(rules: &CallRules<'_>, lark: &mut Lark<'_>) -> Result<MarkedForm> {
    let form = |opens: Vec<(&'static str, String)>| MarkedForm {
        lead: "",
        opens,
        separator: newline(rules.format),
        trail: "",
        bare: None,
    };
    Ok(match rules.format {
        ToolFormat::Hermes => {
            let body = json_calls(rules, "arguments", lark);
            form(vec![("<tool_call>", format!("\"\\n\" {body} \"\\n\" {}", lark.text("</tool_call>")?))])
        }
        ToolFormat::QwenCoder => {
            let body = each(rules, lark, qwen_coder_call)?;
            let end = lark.text("</tool_call>")?;
            let name = lark.text("<function=")?;
            form(vec![
                ("<tool_call>", format!("\"\\n\" {name} {body} \"\\n\" {end}")),
                ("<function=", format!("{body} (\"\\n\" {end})?")),
            ])
        }
        ToolFormat::Llama => {
            let body = json_calls(rules, "parameters", lark);
            MarkedForm { bare: Some(body.clone()), ..form(vec![("<|python_tag|>", body)]) }
        }
        ToolFormat::Mistral if lark.knows("[ARGS]") => {
            let body = each(rules, lark, |tool, lark| {
                Ok(format!("{} {} {}", quote(tool.name), lark.text("[ARGS]")?, arguments(tool, lark)))
            })?;
            form(vec![("[TOOL_CALLS]", body)])
        }
        ToolFormat::Mistral => {
            let list = json_list(rules, lark);
            MarkedForm { separator: None, ..form(vec![("[TOOL_CALLS]", format!("\" \"? {list}"))]) }
        }
        ToolFormat::DeepSeek => {
            let body = each(rules, lark, |tool, lark| {
                let (name, arguments, sep) = (quote(tool.name), arguments(tool, lark), lark.text("<｜tool▁sep｜>")?);
                let fenced = format!("\"function\" {sep} {name} \"\\n```json\\n\" {arguments} \"\\n```\"");
                Ok(any_of([format!("{name} {sep} {arguments}"), fenced]))
            })?;
            let body = format!("{body} {}", lark.text("<｜tool▁call▁end｜>")?);
            MarkedForm {
                lead: "<｜tool▁calls▁begin｜>",
                trail: "<｜tool▁calls▁end｜>",
                ..form(vec![("<｜tool▁call▁begin｜>", body)])
            }
        }
        ToolFormat::DeepSeekDsml => {
            let body = each(rules, lark, deep_seek_dsml_call)?;
            MarkedForm {
                lead: "<｜DSML｜function_calls>\n",
                trail: "\n</｜DSML｜function_calls>",
                ..form(vec![("<｜DSML｜invoke name=\"", body)])
            }
        }
        ToolFormat::Gemma => {
            let (open, close, mark) = if lark.knows("<|\"|>") {
                ("<|tool_call>", "<tool_call|>", "<|\"|>")
            } else {
                ("<start_function_call>", "<end_function_call>", "<escape>")
            };
            let body = each(rules, lark, |tool, lark| gemma_call(tool, mark, lark))?;
            form(vec![(open, format!("{body} {}", lark.text(close)?))])
        }
        ToolFormat::Phi => {
            let list = json_list(rules, lark);
            let marked = ("<|tool_call|>", format!("{list} {}", lark.text("<|/tool_call|>")?));
            let spelled = ("functools", list);
            form(if lark.knows("<|tool_call|>") { vec![marked, spelled] } else { vec![spelled, marked] })
        }
        ToolFormat::Granite => {
            let list = json_list(rules, lark);
            let spelled = ("<tool_call>", format!("{list} ({})?", lark.text("</tool_call>")?));
            let marked = ("<|tool_call|>", list);
            form(if lark.knows("<|tool_call|>") { vec![marked, spelled] } else { vec![spelled, marked] })
        }
        ToolFormat::Lfm => {
            let call = each(rules, lark, python_call)?;
            let list = listed(rules, &call);
            form(vec![("<|tool_call_start|>", format!("{list} {}", lark.text("<|tool_call_end|>")?))])
        }
        ToolFormat::Glm => {
            let body = each(rules, lark, glm_call)?;
            form(vec![("<tool_call>", format!("{body} {}", lark.text("</tool_call>")?))])
        }
        // Its whole answer is a form of its own.
        ToolFormat::Harmony => form(Vec::new()),
    })
}

/// The arguments of a tool as JSON.
pub(super) fn arguments(tool: &CallableTool<'_>, lark: &mut Lark<'_>) -> String {
    let mut schema = tool.parameters.clone();
    schema.entry("type").or_insert_with(|| "object".into());
    lark.rule(&json(schema, tool.strict))
}

/// One call of any tool, as `write` writes each.
fn each<'a>(
    rules: &CallRules<'a>,
    lark: &mut Lark<'_>,
    mut write: impl FnMut(&CallableTool<'a>, &mut Lark<'_>) -> Result<String>,
) -> Result<String> {
    let mut calls = Vec::with_capacity(rules.tools.len());
    for tool in rules.tools {
        let call = write(tool, lark)?;
        calls.push(lark.rule(&call));
    }
    Ok(any_of(calls))
}

/// A call that is one JSON object.
fn json_calls(rules: &CallRules<'_>, key: &str, lark: &mut Lark<'_>) -> String {
    let calls: Vec<String> = rules
        .tools
        .iter()
        .map(|tool| {
            let head = format!("{{\"name\": \"{}\", \"{key}\": ", tool.name);
            let body = arguments(tool, lark);
            lark.rule(&format!("{} {body} \"}}\"", quote(&head)))
        })
        .collect();
    any_of(calls)
}

/// A JSON list of calls.
fn json_list(rules: &CallRules<'_>, lark: &mut Lark<'_>) -> String {
    let call = json_calls(rules, "arguments", lark);
    listed(rules, &call)
}

fn listed(rules: &CallRules<'_>, call: &str) -> String {
    let further = if rules.parallel { format!("(\", \" {call})*") } else { String::new() };
    format!("\"[\" {call} {further} \"]\"")
}

/// What follows `<function=`.
fn qwen_coder_call(tool: &CallableTool<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let mut body = quote(&format!("{}>\n", tool.name));
    for property in properties(tool)? {
        let value = tagged_value::write(tool, property.schema, ("\n", "</parameter>"), lark)?;
        let member = format!("{} {} \"\\n\"", quote(&format!("<parameter={}>\n", property.name)), value.rule);
        body.push_str(&optional(&member, property.required));
    }
    Ok(format!("{body} \"</function>\""))
}

/// What follows `<｜DSML｜invoke name="`.
fn deep_seek_dsml_call(tool: &CallableTool<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let mut body = quote(&format!("{}\">\n", tool.name));
    for property in properties(tool)? {
        let value = tagged_value::write(tool, property.schema, ("", "</｜DSML｜parameter>"), lark)?;
        let said = format!("{}\" string=\"{}\">", property.name, value.is_text);
        let open = lark.text("<｜DSML｜parameter name=\"")?;
        let member = format!("{open} {} {} \"\\n\"", quote(&said), value.rule);
        body.push_str(&optional(&member, property.required));
    }
    Ok(format!("{body} {}", lark.text("</｜DSML｜invoke>")?))
}

/// What follows `<tool_call>` in GLM's form.
fn glm_call(tool: &CallableTool<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let mut body = quote(&format!("{}\n", tool.name));
    for property in properties(tool)? {
        let value = tagged_value::write(tool, property.schema, ("", "</arg_value>"), lark)?;
        // A name is no marker, whatever it spells.
        let (open, close) = (lark.text("<arg_key>")?, lark.text("</arg_key>\n<arg_value>")?);
        let member = format!("{open} {} {close} {} \"\\n\"", quote(property.name), value.rule);
        body.push_str(&optional(&member, property.required));
    }
    Ok(body)
}

/// `call:f{city:<escape>Paris<escape>}`.
fn gemma_call(tool: &CallableTool<'_>, mark: &str, lark: &mut Lark<'_>) -> Result<String> {
    let mut written = Vec::new();
    for property in properties(tool)? {
        let value = literal_value::write(tool, property.schema, mark, 0, lark)?;
        written.push((format!("{} {value}", quote(&format!("{}:", property.name))), property.required));
    }
    let members = members(&written, ",", lark);
    Ok(format!("{} {members} \"}}\"", quote(&format!("call:{}{{", tool.name))))
}

/// `f(city="Paris", days=3)`: what JSON writes, Python reads, but for three words, which the reader of calls knows.
fn python_call(tool: &CallableTool<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let mut written = Vec::new();
    for property in properties(tool)? {
        let value = match property.schema {
            Value::Object(_) => json(alone(tool, property.schema), tool.strict),
            other => format!("%json {other}"),
        };
        let value = lark.rule(&value);
        written.push((format!("{} {value}", quote(&format!("{}=", property.name))), property.required));
    }
    let members = members(&written, ", ", lark);
    Ok(format!("{} {members} \")\"", quote(&format!("{}(", tool.name))))
}

fn optional(member: &str, required: bool) -> String {
    if required { format!(" {member}") } else { format!(" ({member})?") }
}

/// Members in their order, of which some may be missing, with `separator` between those that are there.
pub(super) fn members(members: &[(String, bool)], separator: &str, lark: &mut Lark<'_>) -> String {
    let separator = quote(separator);
    let members: Vec<(String, bool)> =
        members.iter().map(|(member, required)| (lark.rule(member), *required)).collect();
    // One alternative for each that may be the first: rules within rules would be as deep as there are members.
    let may_be_first = members.iter().position(|(_, required)| *required).map_or(members.len(), |first| first + 1);
    let beginning = |first: usize| {
        let further = members[first + 1..].iter().map(|(member, required)| {
            let further = format!("{separator} {member}");
            if *required { further } else { format!("({further})?") }
        });
        let body: Vec<String> = std::iter::once(members[first].0.clone()).chain(further).collect();
        lark.rule(&body.join(" "))
    };
    let mut leading: Vec<String> = (0..may_be_first).map(beginning).collect();
    if members.iter().all(|(_, required)| !required) {
        leading.push("\"\"".to_owned());
    }
    any_of(leading)
}
