//! Where Chinese meets Latin in a text that is put together: a space between them, none between Chinese and Chinese.
//! Only the seams are looked at; what stands in a piece stays as it is written.

/// A text that grows by pieces.
#[derive(Default)]
pub struct Seamed {
    text: String,
    /// The last piece stands in quotes: what follows closes them.
    is_quoted: bool,
}

impl Seamed {
    /// Adds what stands in quotes, as it is.
    pub fn push_quoted(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.is_quoted = true;
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: &str) {
        if std::mem::take(&mut self.is_quoted) {
            self.text.push_str(piece);
            return;
        }
        let Some(first) = piece.chars().find(|c| *c != ' ') else {
            // Only spaces: whether they are needed, the next piece says.
            self.text.push_str(piece);
            return;
        };
        let mut piece = piece;
        let spaces = self.text.len() - self.text.trim_end_matches(' ').len() + piece.len()
            - piece.trim_start_matches(' ').len();
        if let Some(last) = self.text.trim_end_matches(' ').chars().next_back()
            && spaces <= 1
            && last != '\n'
        {
            let wanted = match (is_wide(last), is_wide(first)) {
                (true, true) => Some(false),
                (true, false) if is_mark(last) => Some(false),
                (false, true) if is_mark(first) => Some(false),
                (true, false) => is_latin(first).then_some(true),
                (false, true) => is_latin(last).then_some(true),
                (false, false) => None,
            };
            if let Some(wanted) = wanted {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                piece = piece.trim_start_matches(' ');
                self.text.push_str(if wanted { " " } else { "" });
            }
        }
        self.text.push_str(piece);
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }
}

/// A Chinese character, or a mark that is as wide as one.
fn is_wide(c: char) -> bool {
    is_mark(c) || ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// A mark that has room beside it in itself.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '，' | '。' | '：' | '；' | '？' | '！' | '、' | '（' | '）' | '“' | '”' | '「' | '」'
    )
}

/// What a space stands beside.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '`' | '$' | '¥' | '-' | '/' | '[' | ']' | '%' | '.' | '\''
        )
}

#[cfg(test)]
mod tests {
    use super::Seamed;

    fn seamed(pieces: &[&str]) -> String {
        let mut text = Seamed::default();
        for piece in pieces {
            text.push(piece);
        }
        text.finish()
    }

    #[test]
    fn a_space_stands_between_chinese_and_latin_alone() {
        for (pieces, text) in [
            (&["没有", "`a`", "了"][..], "没有 `a` 了"),
            (&["没有 ", "`a`", " 了"], "没有 `a` 了"),
            (&["是 ", "图片", " 的"], "是图片的"),
            (&["费用：", " 3", " 个"], "费用：3 个"),
            (&["约 ", "$1.20", "，另有 ", "3"], "约 $1.20，另有 3"),
            (&["a", "b"], "ab"),
            (&["已用      ", "id", "  好"], "已用      id  好"),
            (&["行\n", "  列"], "行\n  列"),
            (&["", "图"], "图"),
            (&["图", " ", "片"], "图片"),
        ] {
            assert_eq!(seamed(pieces), text, "{pieces:?}");
        }
        let mut text = Seamed::default();
        text.push("没有 `");
        text.push_quoted("页脚");
        text.push("` 了");
        assert_eq!(text.finish(), "没有 `页脚` 了");
    }
}
