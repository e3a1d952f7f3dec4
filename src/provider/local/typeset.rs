//! Which lines a headline has: few, balanced, and each with a good end. Pure: the widths are given;
//! knows no fonts and no HTML.

use std::ops::Range;

use super::breaks::{End, Piece};

/// How much an uneven line weighs against a bad line end.
const BALANCE: f32 = 14.0;
/// The price of a line with a single character on it.
const LONELY: f32 = 20.0;
/// From so many lines on, a text is a paragraph: its lines are filled, not balanced.
const PARAGRAPH: usize = 5;

/// Chosen lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// The pieces on each.
    pub lines: Vec<Range<usize>>,
    /// How uneven they are and how badly they end; less is better, below 0 is very good.
    pub cost: f32,
}

/// The lines to set. `None` when a piece is wider than the box.
pub fn lines(pieces: &[Piece], widths: &[f32], space: f32, room: f32) -> Option<Lines> {
    let mut chosen = Lines::default();
    let mut start = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.end == End::Must || index + 1 == pieces.len() {
            let paragraph = paragraph(pieces, widths, start..index + 1, space, room)?;
            chosen.lines.extend(paragraph.lines);
            chosen.cost += paragraph.cost;
            start = index + 1;
        }
    }
    Some(chosen)
}

/// The width of some pieces on one line.
pub fn width(pieces: &[Piece], widths: &[f32], line: Range<usize>, space: f32) -> f32 {
    let end = line.end;
    line.map(|i| {
        widths[i]
            + if pieces[i].space && i + 1 < end {
                space
            } else {
                0.0
            }
    })
    .sum()
}

/// The cheapest lines of one paragraph, as few of them as the box allows.
fn paragraph(
    pieces: &[Piece],
    widths: &[f32],
    all: Range<usize>,
    space: f32,
    room: f32,
) -> Option<Lines> {
    let count = fewest(pieces, widths, all.clone(), space, room)?;
    let total = width(pieces, widths, all.clone(), space);
    let even = total / count as f32;
    let n = all.len();
    // best[k][i]: the first i pieces in k lines, and where the last of these lines begins.
    let mut best = vec![vec![(f32::INFINITY, 0); n + 1]; count + 1];
    best[0][0] = (0.0, 0);
    for k in 1..=count {
        for end in k..=n {
            for begin in (k - 1..end).rev() {
                let line = all.start + begin..all.start + end;
                let wide = width(pieces, widths, line.clone(), space);
                if wide > room && end - begin > 1 {
                    break;
                }
                let (before, _) = best[k - 1][begin];
                if wide > room || before.is_infinite() {
                    continue;
                }
                let off = match count < PARAGRAPH {
                    true => (wide - even) / room,
                    false if end == n => 0.0,
                    false => (room - wide) / room,
                };
                let mut cost = before + BALANCE * off * off;
                if end < n
                    && let End::Cost(price) = pieces[line.end - 1].end
                {
                    cost += price;
                }
                if count > 1 && lonely(pieces, &line) {
                    cost += LONELY;
                }
                if cost < best[k][end].0 {
                    best[k][end] = (cost, begin);
                }
            }
        }
    }
    let mut chosen = Vec::with_capacity(count);
    let mut end = n;
    for k in (1..=count).rev() {
        let (_, begin) = best[k][end];
        chosen.push(all.start + begin..all.start + end);
        end = begin;
    }
    chosen.reverse();
    Some(Lines {
        lines: chosen,
        cost: best[count][n].0,
    })
}

/// Whether a line holds one single character.
fn lonely(pieces: &[Piece], line: &Range<usize>) -> bool {
    // A hanzi has three bytes.
    line.len() == 1 && pieces[line.start].range.len() <= 3
}

/// The smallest number of lines: each is filled before the next begins.
fn fewest(
    pieces: &[Piece],
    widths: &[f32],
    all: Range<usize>,
    space: f32,
    room: f32,
) -> Option<usize> {
    let mut count = 1;
    let mut start = all.start;
    for i in all {
        if widths[i] > room {
            return None;
        }
        if width(pieces, widths, start..i + 1, space) > room {
            count += 1;
            start = i;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::super::breaks::{Grain, pieces};
    use super::super::words::is_han;
    use super::lines;

    /// The lines of `text` in a box of `room` em; hanzi are 1 em wide, the rest about as in Noto Sans.
    fn set(text: &str, room: f32) -> Vec<String> {
        let em = |c: char| match c {
            ' ' => 0.22,
            c if is_han(c) || !c.is_ascii() => 1.0,
            c if c.is_uppercase() => 0.65,
            c if c.is_ascii_digit() => 0.58,
            'i' | 'l' | 'j' | 't' | 'f' | '.' | ',' | '-' => 0.32,
            'm' | 'w' => 0.88,
            _ => 0.59,
        };
        let wide = |t: &str| t.chars().map(em).sum::<f32>();
        [Grain::Words, Grain::Characters]
            .iter()
            .find_map(|grain| {
                let pieces = pieces(text, *grain);
                let widths: Vec<f32> = pieces
                    .iter()
                    .map(|p| wide(&text[p.range.clone()]))
                    .collect();
                let lines = lines(&pieces, &widths, 0.22, room)?.lines;
                let text = |l: &std::ops::Range<usize>| {
                    text[pieces[l.start].range.start..pieces[l.end - 1].range.end].to_owned()
                };
                Some(lines.iter().map(text).collect())
            })
            .unwrap_or_default()
    }

    /// Headlines, and their lines in a box of 7.67 em (120 px type in 920 px).
    const TABLE: [(&str, &str); 34] = [
        (
            "30 天从 0 到 1 上手 AI Engineering",
            "30 天从 0 到 1 / 上手 AI / Engineering",
        ),
        (
            "7 天用 Rust 写一个 CLI 工具",
            "7 天用 Rust / 写一个 CLI 工具",
        ),
        (
            "从零搭建你的 RAG 知识库系统",
            "从零搭建你的 / RAG 知识库系统",
        ),
        (
            "产品经理必学的 Prompt 设计课",
            "产品经理必学的 / Prompt 设计课",
        ),
        (
            "用 Claude 做自动化测试实战营",
            "用 Claude / 做自动化 / 测试实战营",
        ),
        ("一个人如何运营 SaaS 产品", "一个人如何运营 / SaaS 产品"),
        ("三周读懂 Transformer 论文", "三周读懂 / Transformer / 论文"),
        ("小红书封面设计 12 条铁律", "小红书封面设计 / 12 条铁律"),
        (
            "把 Excel 换成 Python 只要 5 天",
            "把 Excel 换成 / Python 只要 5 天",
        ),
        (
            "LangGraph 多智能体实战训练",
            "LangGraph / 多智能体 / 实战训练",
        ),
        (
            "写给设计师的 Figma 插件开发课",
            "写给设计师的 / Figma / 插件开发课",
        ),
        (
            "10 个提升效率的 VS Code 技巧",
            "10 个提升效率的 / VS Code 技巧",
        ),
        (
            "从 Demo 到上线的 48 小时挑战",
            "从 Demo / 到上线的 / 48 小时挑战",
        ),
        ("数据分析入门 SQL 与 Pandas", "数据分析入门 / SQL 与 Pandas"),
        (
            "如何用 AI 做播客剪辑工作流",
            "如何用 AI / 做播客 / 剪辑工作流",
        ),
        (
            "Kubernetes 运维避坑指南大全",
            "Kubernetes / 运维避坑 / 指南大全",
        ),
        (
            "零基础学会 Stable Diffusion",
            "零基础学会 / Stable Diffusion",
        ),
        (
            "面试官最爱问的 System Design",
            "面试官最爱问的 / System Design",
        ),
        ("2025 年值得学的 6 门技术课", "2025 年值得学的 / 6 门技术课"),
        (
            "高效阅读英文技术文档的方法",
            "高效阅读英文 / 技术文档的方法",
        ),
        (
            "大模型微调 LoRA 动手训练营",
            "大模型微调 / LoRA / 动手训练营",
        ),
        (
            "用 Cursor 重构十万行老代码",
            "用 Cursor 重构 / 十万行老代码",
        ),
        ("WebAssembly 性能优化实战课", "WebAssembly / 性能优化实战课"),
        (
            "职场写作：把话说清楚的 9 招",
            "职场写作： / 把话说清楚的 / 9 招",
        ),
        (
            "AI Agent 架构师 30 讲精华版",
            "AI Agent 架构师 / 30 讲精华版",
        ),
        ("为什么“慢”才是最快的路？", "为什么“慢” / 才是最快的路？"),
        ("别再刷题了，先学会提问！", "别再刷题了， / 先学会提问！"),
        (
            "读完《置身事内》，我改了三个习惯",
            "读完 / 《置身事内》， / 我改了三个习惯",
        ),
        ("04-30 开班，仅剩 24 席", "04-30 开班， / 仅剩 24 席"),
        ("价格从 ¥1,299 降到 ¥399", "价格从 ¥1,299 / 降到 ¥399"),
        (
            "C++ 与 Rust 性能对比（2026 版）",
            "C++ 与 Rust 性能 / 对比（2026 版）",
        ),
        (
            "我用 AI 做了一个月的小红书，涨粉 10,000+",
            "我用 AI / 做了一个月的 / 小红书， / 涨粉 10,000+",
        ),
        (
            "Write better prompts in 10 minutes a day",
            "Write better / prompts / in 10 minutes / a day",
        ),
        ("第一行\n第二行很短", "第一行 / 第二行很短"),
    ];

    #[test]
    fn headlines_break_between_words_and_in_balance() {
        for (text, want) in TABLE {
            assert_eq!(set(text, 7.67).join(" / "), want);
        }
    }

    #[test]
    fn no_box_makes_a_lonely_character_or_a_torn_number() {
        for (text, _) in TABLE {
            for room in 60..140 {
                let room = room as f32 / 10.0;
                let lines = set(text, room);
                for line in &lines {
                    assert!(
                        lines.len() == 1 || line.chars().count() > 1,
                        "{room}: {lines:?}"
                    );
                    assert!(!line.ends_with(['（', '“', '《', '¥']), "{room}: {lines:?}");
                    assert!(
                        !line.starts_with(['）', '”', '》', '，', '！', '？', '：', '天', '席']),
                        "{room}: {lines:?}"
                    );
                }
                let joined: String = lines.concat().split_whitespace().collect();
                let whole: String = text.split_whitespace().collect();
                assert!(joined == whole || lines.is_empty(), "{room}: {lines:?}");
            }
        }
    }

    #[test]
    fn a_word_is_cut_only_where_the_box_is_narrower_and_latin_never() {
        assert_eq!(
            set("性能优化实战训练营", 2.5),
            ["性能", "优化", "实战", "训练", "营"]
        );
        assert_eq!(set("Kubernetes", 3.0), Vec::<String>::new());
        assert_eq!(set("", 3.0), Vec::<String>::new());
        assert_eq!(set("\n \n", 3.0), Vec::<String>::new());
    }
}
