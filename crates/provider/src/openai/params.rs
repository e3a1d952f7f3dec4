//! Parameters that do not go together. What each of them may be says the table of models.

use serde_json::{Map, Value};

use crate::reply::ParamProblem;

/// What is wrong with parameters, where the picture is to have this `background`.
pub fn params(params: &Map<String, Value>, background: Option<&str>) -> Vec<ParamProblem> {
    let format = params.get("output_format").and_then(Value::as_str);
    let mut problems = Vec::new();
    if params.contains_key("output_compression") && matches!(format, None | Some("png")) {
        problems.push(ParamProblem {
            name: "output_compression",
            message: "`output_compression` is for a JPEG or WebP picture",
            hint: "add `output_format = \"webp\"`, or leave it out: gpbuild asks for PNG and compresses the output itself",
        });
    }
    if format == Some("jpeg") && background == Some("transparent") {
        problems.push(ParamProblem {
            name: "output_format",
            message: "a JPEG has no transparent background",
            hint: "ask for `png` or `webp`",
        });
    }
    problems
}
