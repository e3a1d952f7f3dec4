//! The names of the filters, tests and functions that templates can use: what is said when another one is used.
//! Knows not what they do.

/// Every filter.
pub const FILTERS: [&str; 53] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "date",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "markdown",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "slugify",
    "sort",
    "split",
    "string",
    "striptags",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "zip",
];
/// Every test that has a name.
pub const TESTS: [&str; 36] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];
/// Every function.
pub const FUNCTIONS: [&str; 5] = ["contrast", "dict", "is_light", "namespace", "range"];

#[cfg(test)]
mod tests {
    use super::{FILTERS, FUNCTIONS, TESTS};
    use crate::template::environment::environment;

    /// The names after `field:` in what minijinja shows of an environment.
    fn shown(field: &str) -> Vec<String> {
        let shown = format!("{:?}", environment(Default::default()));
        let (_, rest) = shown.split_once(&format!("{field}: [")).unwrap();
        let (names, _) = rest.split_once(']').unwrap();
        let names = names
            .split(", ")
            .map(|name| name.trim_matches('"').to_owned());
        names
            .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
            .collect()
    }

    #[test]
    fn they_are_all_there() {
        assert_eq!(shown("filters"), FILTERS);
        assert_eq!(shown("tests"), TESTS);
        let environment = environment(Default::default());
        let functions: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
        assert_eq!(functions, FUNCTIONS);
    }
}
