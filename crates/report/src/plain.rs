//! Events as lines of text for people, with or without colour. Makes texts only; knows nothing of
//! where they go.

use anstyle::{AnsiColor, Style};

use super::event::{AssetReport, Cost, LeftOut, Plan, State, Summary};
use super::words::{about, clean, dollars, elapsed, gap, sentence, thousands, width};
use base::diagnostic::{Diagnostic, Failure, SHOWN, Severity, count, group};
use lang::Lang;

/// Where ids begin, behind the longest state and two spaces.
const ID_COLUMN: usize = 10;

/// Puts colour on words, or does not; every text reads the same without it. And says them in a person's language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    /// Whether there is colour.
    pub(super) color: bool,
    /// The language of who reads.
    pub(super) lang: Lang,
}

impl Paint {
    /// A text in the language of who reads.
    pub(super) fn say(self, text: &str) -> String {
        lang::say(self.lang, text).into_owned()
    }

    /// What is said beside something, in brackets.
    fn aside(self, text: &str) -> String {
        match self.lang {
            Lang::English => format!(" ({text})"),
            Lang::Chinese => format!("（{text}）"),
        }
    }

    /// Between the parts of a list.
    fn comma(self) -> &'static str {
        match self.lang {
            Lang::English => ", ",
            Lang::Chinese => "，",
        }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn state(self, state: State) -> String {
        let color = match state {
            State::Made | State::Draft | State::Restored => AnsiColor::Green,
            State::Make | State::Restore | State::Pending => AnsiColor::Cyan,
            State::Failed => AnsiColor::Red,
            State::Blocked | State::Manual => AnsiColor::Yellow,
            State::Fresh => return self.faint(&self.say(state.word())),
        };
        self.with(color.on_default().bold(), &self.say(state.word()))
    }

    fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }
}

/// How much is said: `-q` leaves only what went wrong, `-qq` only errors; `-v` adds what was fresh
/// and what is begun, `-vv` the keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) quiet: u8,
    pub(super) verbose: u8,
}

impl Level {
    pub(super) fn shows(self, state: State) -> bool {
        match state {
            State::Failed | State::Blocked | State::Manual | State::Pending => self.quiet < 2,
            State::Fresh => self.quiet == 0 && self.verbose > 0,
            _ => self.quiet == 0,
        }
    }

    pub(super) fn shows_diagnostic(self, severity: Severity) -> bool {
        severity == Severity::Error || self.quiet < 2
    }
}

/// `2 of 9 files of posts/*.md have no front matter, …`; with `-v`, a line for each.
pub(super) fn left_out(left_out: &LeftOut<'_>, level: Level, paint: Paint) -> String {
    let LeftOut { named, of, files } = left_out;
    let listed = match level.verbose {
        0 => "`-v` lists them, ",
        _ => "",
    };
    let text = format!(
        "{} of {} of `{}` {} no front matter and {} left out ({listed}`optional = true` takes them)",
        files.len(),
        count(*of, "file"),
        clean(named),
        if files.len() == 1 { "has" } else { "have" },
        if files.len() == 1 { "is" } else { "are" },
    );
    let mut text = paint.say(&text);
    for file in files.iter().filter(|_| level.verbose > 0) {
        text.push_str("\n  ");
        text.push_str(&clean(file));
    }
    text
}

/// `made      bootcamp  dist/bootcamp.png  (never made) · $0.053`, and a line for each note.
pub(super) fn asset(report: &AssetReport, level: Level, paint: Paint) -> String {
    let word = paint.say(report.state.word());
    let mut line = format!(
        "{}{}{}  {}",
        paint.state(report.state),
        gap(&word, ID_COLUMN),
        paint.bold(&clean(&report.id)),
        clean(&report.output)
    );
    // What failed is told whole, with its place, right after this line.
    let reason = report
        .reason
        .as_ref()
        .filter(|_| report.state != State::Failed && !report.reason_told);
    if let Some(reason) = reason {
        line += "  ";
        line += &paint.faint(paint.aside(&clean(&paint.say(reason))).trim_start());
    }
    match report.cost {
        Cost::FREE => {}
        Cost::Known(micros) => line += &format!(" · {}", dollars(micros)),
        unknown => line += &not_known(unknown, paint),
    }
    if let Some(key) = report.key.filter(|_| level.verbose > 1) {
        line += &paint.faint(&format!("  {}", key.short()));
    }
    line + &notes(report, paint)
}

fn notes(report: &AssetReport, paint: Paint) -> String {
    let indented =
        |note: &String| format!("\n{}{}", " ".repeat(ID_COLUMN), clean(&paint.say(note)));
    report.notes.iter().map(indented).collect()
}

/// `running   bootcamp  openai/gpt-image-2`
pub(super) fn running(id: &str, what: &str, paint: Paint) -> String {
    let word = paint.say("running");
    let gap = gap(&word, ID_COLUMN);
    format!(
        "{}{gap}{}  {}",
        paint.faint(&word),
        paint.bold(&clean(id)),
        clean(&paint.say(what))
    )
}

/// `37 made, 0 failed in 1.8s · 3 requests · $0.159`
pub(super) fn summary(summary: &Summary, paint: Paint) -> String {
    let Summary {
        fresh,
        restored,
        made,
        failed,
        blocked,
        manual,
        pending,
        draft,
        requests,
        cost,
        up_to,
        ..
    } = *summary;
    let tried = made + restored + draft + failed + blocked + manual + pending > 0;
    let parts: Vec<String> = [
        (made > 0, format!("{made} made")),
        (draft > 0, count(draft, "draft")),
        (restored > 0, format!("{restored} restored")),
        (tried, format!("{failed} failed")),
        (blocked > 0, format!("{blocked} blocked")),
        (manual > 0, format!("{manual} to be made by hand")),
        (pending > 0, format!("{pending} on the way")),
        (fresh > 0 || !tried, format!("{fresh} fresh")),
    ]
    .into_iter()
    .filter_map(|(shown, text)| shown.then_some(text))
    .collect();
    let line = format!("{} in {}", parts.join(", "), elapsed(summary.elapsed));
    let mut line = paint.say(&line);
    if requests > 0 {
        line += &format!(" · {}", paint.say(&count(requests, "request")));
    }
    match cost {
        Cost::FREE => {}
        Cost::Known(micros) if up_to => {
            line += &format!(" · {}", paint.say(&format!("up to {}", dollars(micros))));
        }
        Cost::Known(micros) => line += &format!(" · {}", dollars(micros)),
        unknown => line += &not_known(unknown, paint),
    }
    paint.bold(&line)
}

/// ` · cost unknown: counts at $0.053`
fn not_known(cost: Cost, paint: Paint) -> String {
    let words = match cost {
        Cost::Known(_) | Cost::Unknown => "cost unknown".to_owned(),
        Cost::Counted(micros) => format!("cost unknown: counts at {}", dollars(micros)),
    };
    format!(" · {}", paint.say(&words))
}

/// The plan: a list by state, what it would cost, and what belongs to nobody.
pub(super) fn plan(plan: &Plan, level: Level, paint: Paint) -> String {
    let mut lines: Vec<String> = Vec::new();
    if level.quiet == 0 {
        let mut rows: Vec<&AssetReport> = plan
            .assets
            .iter()
            // A fresh asset with a reason is pinned and stale: that is worth a line.
            .filter(|asset| level.shows(asset.state) || asset.reason.is_some())
            .collect();
        rows.sort_by_key(|asset| asset.state);
        lines = table(&rows, paint);
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(plan.remark.map(|remark| clean(&paint.say(remark))));
    }
    lines.push(paint.bold(&total(plan, paint)));
    if !plan.unclaimed.is_empty() && level.quiet == 0 {
        lines.push(String::new());
        lines.push(unclaimed(plan.unclaimed, "", paint));
    }
    lines.join("\n")
}

/// What a build says of outputs that no asset declares.
pub(super) fn left_behind(outputs: &[String], paint: Paint) -> String {
    unclaimed(outputs, " (`gpbuild build --prune` removes them)", paint)
}

/// Outputs that no asset declares; `what` is said of all of them.
fn unclaimed(outputs: &[String], what: &str, paint: Paint) -> String {
    let head = format!("{} to no asset{what}:", belong(outputs.len()));
    let mut lines = vec![paint.say(&head)];
    let shown = outputs.iter().take(SHOWN);
    lines.extend(shown.map(|path| format!("  {}", clean(path))));
    lines.extend(more(outputs.len(), paint));
    lines.join("\n")
}

/// What went wrong in a run, once more and all together.
pub(super) fn recap(failures: &[Diagnostic], level: Level, paint: Paint) -> String {
    let mut texts = vec![paint.bold(&paint.say("what failed:"))];
    let shown = failures.iter().take(SHOWN);
    texts.extend(shown.map(|d| diagnostic(d, level, paint)));
    texts.extend(more(failures.len(), paint));
    texts.join("\n")
}

fn belong(files: usize) -> String {
    let verb = if files == 1 { "belongs" } else { "belong" };
    format!("{} {verb}", count(files, "output"))
}

/// State, id, estimate and reason, in columns; a column that is empty everywhere is left out.
fn table(rows: &[&AssetReport], paint: Paint) -> Vec<String> {
    let cells: Vec<[String; 2]> = rows
        .iter()
        .map(|asset| [clean(&asset.id), paint.say(&estimate(asset))])
        .collect();
    let widest = |column: usize| cells.iter().map(|c| width(&c[column])).max().unwrap_or(0);
    let (ids, estimates) = (widest(0), widest(1));
    let line = |(asset, [id, estimate]): (&&AssetReport, &[String; 2])| {
        let mut line = paint.state(asset.state);
        let mut pending = gap(&paint.say(asset.state.word()), ID_COLUMN);
        let mut cell = |before: String, text: String, after: String| {
            if !text.is_empty() {
                line += &format!("{pending}{before}{text}");
                pending = String::new();
            } else {
                pending += &before;
            }
            pending += &after;
        };
        let space = if estimates > 0 { "  " } else { "" };
        cell(String::new(), paint.bold(id), gap(id, ids) + space);
        cell(gap(estimate, estimates), estimate.clone(), "  ".to_owned());
        let reason = asset.reason.as_deref().filter(|_| !asset.reason_told);
        let reason = reason.map(|reason| clean(&paint.say(reason)));
        cell(
            String::new(),
            paint.faint(&reason.unwrap_or_default()),
            String::new(),
        );
        line + &notes(asset, paint)
    };
    rows.iter().zip(&cells).map(line).collect()
}

fn estimate(asset: &AssetReport) -> String {
    match asset.estimate {
        None | Some(Cost::FREE) => String::new(),
        Some(Cost::Known(micros) | Cost::Counted(micros)) => about(micros),
        Some(Cost::Unknown) => "unknown".to_owned(),
    }
}

/// `would make 30 pictures and restore 2: about $1.20 · 30 requests (5 fresh, 1 blocked)`
fn total(plan: &Plan, paint: Paint) -> String {
    let of = |states: &[State]| {
        plan.assets
            .iter()
            .filter(|a| states.contains(&a.state))
            .count()
    };
    let make = of(&[State::Make, State::Made, State::Draft]);
    let restore = of(&[State::Restore, State::Restored]);
    let mut doing = Vec::new();
    if make > 0 {
        doing.push(format!("make {}", count(make, "picture")));
    }
    if restore > 0 && make > 0 {
        doing.push(format!("restore {restore}"));
    } else if restore > 0 {
        doing.push(format!("restore {}", count(restore, "picture")));
    }
    match (of(&[State::Pending]), doing.is_empty()) {
        (0, _) => {}
        (n, true) => doing.push(format!("collect {}", count(n, "picture"))),
        (n, false) => doing.push(format!("collect {n}")),
    }
    let mut line = match doing.as_slice() {
        [] => paint.say("nothing to make"),
        doing => paint.say(&format!("would {}", sentence(doing))),
    };
    let foreign = plan.foreign;
    line += &cost(
        plan,
        |state| state != State::Blocked,
        plan.requests,
        foreign,
        paint,
    );
    let rest: Vec<String> = [State::Failed, State::Blocked, State::Manual, State::Fresh]
        .into_iter()
        .filter_map(|state| match of(&[state]) {
            0 => None,
            // What it would cost all the same, once it can be asked for.
            n if state == State::Blocked => {
                let foreign = plan.foreign_withheld;
                let is_blocked = |state| state == State::Blocked;
                let cost = cost(plan, is_blocked, plan.withheld, foreign, paint);
                Some(paint.say(&format!("{n} {}", state.word())) + &cost)
            }
            n if state == State::Manual => Some(paint.say(&format!("{n} to be made by hand"))),
            n => Some(paint.say(&format!("{n} {}", state.word()))),
        })
        .collect();
    if !rest.is_empty() {
        line += &paint.aside(&rest.join(paint.comma()));
    }
    let alone = match plan.at_once {
        None => String::new(),
        Some(Cost::Known(micros) | Cost::Counted(micros)) => {
            format!("; each sent alone, about {}", about(micros))
        }
        Some(Cost::Unknown) => "; each sent alone, at an unknown price".to_owned(),
    };
    line + &paint.say(&alone)
}

/// What is known is summed and what is not is counted: an unknown price is never part of a sum. `foreign` is a part of it, as
/// it is published.
fn cost(
    plan: &Plan,
    of: impl Fn(State) -> bool,
    requests: usize,
    foreign: Option<&str>,
    paint: Paint,
) -> String {
    let mut known = 0_u64;
    let mut unknown = 0;
    for asset in plan.assets.iter().filter(|asset| of(asset.state)) {
        match asset.estimate {
            Some(Cost::Known(micros) | Cost::Counted(micros)) => {
                known = known.saturating_add(micros);
            }
            Some(Cost::Unknown) => unknown += 1,
            None => {}
        }
    }
    let bound = if plan.up_to { "up to" } else { "about" };
    let foreign = foreign.map(|sum| format!(" ({sum})")).unwrap_or_default();
    let price = match (known, unknown) {
        (0, 0) => String::new(),
        (0, _) => ": cost unknown".to_owned(),
        (known, 0) => format!(": {bound} {}{foreign}", about(known)),
        (known, unknown) => {
            let known = about(known);
            format!(": {bound} {known}{foreign}, and {unknown} of unknown price")
        }
    };
    let price = paint.say(&price);
    match requests {
        0 => price,
        requests => format!("{price} · {}", paint.say(&count(requests, "request"))),
    }
}

/// One diagnostic, with its source line; with `-v`, all the assets that it is about.
pub(super) fn diagnostic(diagnostic: &Diagnostic, level: Level, paint: Paint) -> String {
    let mut text = diagnostic.render_as(paint.color, &|text| lang::say(paint.lang, text));
    if level.verbose > 0 {
        for other in &diagnostic.others {
            let line = format!("in asset `{}`", clean(other));
            text.push_str("\n  ");
            text.push_str(&paint.say(&line));
        }
    }
    text
}

/// All that ended a command: errors first, at most [`SHOWN`], the rest counted; the same of many assets once.
pub(super) fn failure(failure: &Failure, level: Level, paint: Paint) -> String {
    let mut sorted: Vec<&Diagnostic> = failure.diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let groups = group(sorted);
    let shown = groups.iter().take(SHOWN);
    let mut texts: Vec<String> = shown.map(|d| diagnostic(d, level, paint)).collect();
    texts.extend(more(groups.len(), paint));
    texts.join("\n\n")
}

/// The diagnostics that are shown; a hundred warnings do not hide the error.
pub(super) fn first(failure: &Failure) -> impl Iterator<Item = &Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = failure.diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    sorted.into_iter().take(SHOWN)
}

/// `… and 9,950 more`
pub(super) fn more(all: usize, paint: Paint) -> Option<String> {
    let hidden = all.checked_sub(SHOWN).filter(|hidden| *hidden > 0)?;
    Some(paint.say(&format!("… and {} more", thousands(hidden as u64))))
}
