//! Which language a person reads. Knows nothing of texts, and reads no environment: what it says is handed in.

/// A language that gpbuild speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// That of the sources.
    #[default]
    English,
    /// Simplified Chinese; readers of traditional Chinese get it too.
    Chinese,
}

impl Lang {
    /// The names that `--lang` takes.
    pub const NAMES: [&'static str; 2] = ["en", "zh"];

    /// Reads a name of [`Lang::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// Its name among [`Lang::NAMES`].
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The language of a locale such as `zh_CN.UTF-8`, `zh-Hant-TW` or `C`: English for every one that is not Chinese.
    pub fn of_locale(locale: &str) -> Self {
        let language = locale
            .split(['_', '-', '.', '@'])
            .next()
            .unwrap_or_default();
        match language.eq_ignore_ascii_case("zh") {
            true => Self::Chinese,
            false => Self::English,
        }
    }

    /// The language of a person's environment: the first of `GPBUILD_LANG`, `LC_ALL`, `LC_MESSAGES` and `LANG` that says
    /// anything, each handed in as it is set.
    pub fn of_environment<'v>(variables: impl IntoIterator<Item = Option<&'v str>>) -> Self {
        let said = variables
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty());
        said.map_or(Self::English, Self::of_locale)
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn a_locale_has_a_language() {
        for locale in [
            "zh",
            "zh_CN.UTF-8",
            "zh_CN",
            "zh-Hans",
            "zh_TW.Big5",
            "zh-Hant-HK",
            "ZH",
            "zh_CN.utf8@x",
        ] {
            assert_eq!(Lang::of_locale(locale), Lang::Chinese, "{locale}");
        }
        for locale in [
            "",
            "C",
            "C.UTF-8",
            "POSIX",
            "en_US.UTF-8",
            "zha",
            "zho",
            "ja_JP",
            "_zh",
            "中文",
        ] {
            assert_eq!(Lang::of_locale(locale), Lang::English, "{locale}");
        }
    }

    #[test]
    fn the_first_that_says_anything_counts() {
        let of = |values: [Option<&str>; 4]| Lang::of_environment(values);
        assert_eq!(of([None, None, None, None]), Lang::English);
        assert_eq!(of([None, None, None, Some("zh_CN.UTF-8")]), Lang::Chinese);
        assert_eq!(
            of([None, Some("C"), None, Some("zh_CN.UTF-8")]),
            Lang::English
        );
        assert_eq!(of([Some("zh"), Some("C"), None, None]), Lang::Chinese);
        assert_eq!(of([Some("en"), None, None, Some("zh_CN")]), Lang::English);
        // Set to nothing is not set.
        assert_eq!(
            of([Some(""), Some(""), Some("zh_CN"), Some("en_US")]),
            Lang::Chinese
        );
    }

    #[test]
    fn names_are_read_back() {
        for name in Lang::NAMES {
            assert_eq!(Lang::parse(name).map(Lang::name), Some(name));
        }
        assert_eq!(Lang::parse("de"), None);
    }
}
