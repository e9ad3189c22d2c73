//! Words of literals: numbers, truth values, nothing.

use super::json_text::quoted;

/// A word without quotes as JSON: what JSON or Python know, else a string.
pub(super) fn word(text: &str) -> String {
    match text {
        "True" => return "true".to_owned(),
        "False" => return "false".to_owned(),
        "None" => return "null".to_owned(),
        _ => {}
    }
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json(text) {
        return text.to_owned();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let number = match (digits.strip_prefix('.'), digits.strip_suffix('.')) {
        (Some(fraction), None) => format!("{sign}0.{fraction}"),
        (None, Some(integer)) => format!("{sign}{integer}.0"),
        (Some(_), Some(_)) | (None, None) => return quoted(text),
    };
    if is_json(&number) { number } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_or_python_know_is_that_and_the_rest_a_string() {
        for (text, json) in [
            ("True", "true"),
            ("None", "null"),
            ("false", "false"),
            ("-1.5e3", "-1.5e3"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5.0"),
            (".", "\".\""),
            ("007", "\"007\""),
            ("1.2.3", "\"1.2.3\""),
            ("celsius", "\"celsius\""),
        ] {
            assert_eq!(word(text), json);
        }
    }
}
