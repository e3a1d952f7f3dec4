//! What to tell when a shot was not made, and what a person can do about it.

use std::path::Path;

use crate::execute::Failed;
use crate::execute::budget::Over;
use base::diagnostic::{Diagnostic, Exit};
use base::fs::{FsError, shown};
use plan::key::Key;
use provider::WEB_PAGE;
use provider::reply::{Refusal, RefusalKind};
use store::Misplaced;
use store::ledger::Entry;

/// The most tickets that are told by name.
const MAX_SHOWN: usize = 5;

fn failed(exit: Exit, diagnostic: Diagnostic) -> Failed {
    Failed::new(exit, diagnostic)
}

fn blocked(exit: Exit, diagnostic: Diagnostic) -> Failed {
    Failed {
        blocked: true,
        ..failed(exit, diagnostic)
    }
}

/// The run ends before it was sent.
pub fn stopped() -> Failed {
    let diagnostic = Diagnostic::error("it was not sent: the run was ended before");
    blocked(Exit::SomeFailed, diagnostic)
}

/// A budget.
pub fn over(over: Over) -> Failed {
    let hint = match &over {
        Over::MaxCost(..) => "give a larger `--max-cost`, or build fewer assets at once".to_owned(),
        Over::Run(..) => {
            "raise `run` in `[budget]`, or run `gpbuild` again: what was made stays made".to_owned()
        }
        Over::Month(..) => {
            "raise `month` in `[budget]`; `gpbuild log` says what it was spent on".to_owned()
        }
        Over::OwnRun(_, _, file) => {
            format!("raise `run` in `{file}`, or run `gpbuild` again: what was made stays made")
        }
        Over::OwnMonth(_, _, file) => {
            format!("raise `month` in `{file}`; `gpbuild log` says what it was spent on")
        }
        Over::Unknown => {
            "`--yes` agrees to it; or give the model's `tokens` in `[model.\"provider/name\"]`"
                .to_owned()
        }
    };
    let diagnostic = Diagnostic::error(format!("it was not asked for: {over}")).hint(hint);
    blocked(Exit::Budget, diagnostic)
}

/// It was accepted, and its pictures come later.
pub fn on_its_way(asset: &str, why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("it is on its way: {why}")).hint(format!(
        "it is paid for: the next `gpbuild build` collects `{asset}` at no new cost"
    ));
    Failed {
        pending: true,
        ..failed(Exit::SomeFailed, diagnostic)
    }
}

/// It is gathered for a batch, and nothing is known of it before that is sent.
pub fn queued(key: Key) -> Failed {
    let diagnostic = Diagnostic::error("its batch was not sent");
    Failed {
        queued: Some(key),
        ..failed(Exit::SomeFailed, diagnostic)
    }
}

/// It is in a batch, which has not ended.
pub fn in_batch(asset: &str, id: &str, why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("it is in batch `{id}`: {why}")).hint(format!(
        "it is not asked for again: the next `gpbuild build` collects `{asset}` if it is there, `--wait` waits for it"
    ));
    Failed {
        pending: true,
        in_batch: true,
        ..failed(Exit::SomeFailed, diagnostic)
    }
}

/// It is in a batch that may have been created.
pub fn maybe_in_batch(asset: &str, why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("its batch may have been created: {why}")).hint(
        format!("it is not asked for again: the next `gpbuild build` looks for it, and collects `{asset}` once it is there"),
    );
    Failed {
        pending: true,
        in_batch: true,
        ..failed(Exit::SomeFailed, diagnostic)
    }
}

/// It was in a batch, and was not made there.
pub fn not_in_batch(why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("it was not made: {why}"))
        .hint("nothing was paid for it: the next `gpbuild build` asks for it again");
    failed(Exit::SomeFailed, diagnostic)
}

/// No batch takes it.
pub fn too_large_for_batch(size: u64, most: u64) -> Failed {
    let diagnostic = Diagnostic::error(format!(
        "with its pictures the request is {size} bytes long, and a batch takes {most}"
    ))
    .hint("without `--batch` it is sent alone, or use smaller references");
    blocked(Exit::SomeFailed, diagnostic)
}

/// Its batch could not be put together here.
pub fn no_batch(why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("its batch could not be put together: {why}"))
        .hint("nothing was sent, nothing was paid");
    failed(Exit::SomeFailed, diagnostic)
}

/// There are no batches where its provider is asked.
pub fn no_batches_there(why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!(
        "there are no batches where the provider is asked: it said {why}"
    ))
    .hint("nothing was sent, nothing was paid: without `--batch` each request is sent alone");
    failed(Exit::Provider, diagnostic)
}

/// Its picture is said to be elsewhere, and does not come from there; `failed` says why, and `place` where.
pub fn elsewhere(mut failed: Failed, place: &str) -> Failed {
    if failed.pending {
        failed.diagnostic = failed
            .diagnostic
            .hint(format!("its picture is said to be at {place}"))
            .hint("if it never comes, `gpbuild build --retry-in-doubt` gives it up");
    }
    failed
}

/// A ticket that cannot be read.
pub fn no_ticket(why: &str, path: &Path) -> Failed {
    let path = shown(path);
    let diagnostic = Diagnostic::error(format!("the ticket `{path}` cannot be read: {why}"));
    failed(Exit::SomeFailed, diagnostic)
}

/// There is no way to the provider.
pub fn nobody(provider: &str) -> Failed {
    Diagnostic::error(format!("`{provider}` cannot be asked")).into()
}

/// Somebody else's refusal holds for everybody.
pub fn halted(why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!("it was not asked for: the provider said {why}"));
    blocked(Exit::Provider, diagnostic)
}

/// It may have been paid for before.
pub fn in_doubt(entry: &Entry) -> Failed {
    let diagnostic = Diagnostic::error(plan::in_doubt(entry));
    blocked(Exit::SomeFailed, diagnostic)
}

/// It is in doubt, and the provider lists several tasks that may be it.
pub fn not_looked_for(why: &str) -> Failed {
    let diagnostic = Diagnostic::error(format!(
        "it is in doubt, and could not be looked for: {why}"
    ))
    .hint("nothing was sent: the provider may have it. Try again when its list can be read");
    blocked(Exit::SomeFailed, diagnostic)
}

/// What a list does not tell apart.
pub fn unclear(tickets: &[String]) -> Failed {
    let shown: Vec<&str> = tickets.iter().take(MAX_SHOWN).map(String::as_str).collect();
    let more = match tickets.len().saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let tickets = format!("`{}`{more}", shown.join("`, `"));
    let diagnostic = Diagnostic::error(format!(
        "it is in doubt, and may be among what the provider lists of that time: {tickets}"
    ))
    .hint("nothing was sent: whose a task is its list does not say. See which one it is on the provider's own page, and `gpbuild import` takes its picture")
    .hint("once it lists none of them any more, `--retry-in-doubt` sends the request again");
    blocked(Exit::SomeFailed, diagnostic)
}

/// It may have been accepted.
pub fn doubt(why: &str, kept: Option<&Path>) -> Failed {
    let mut diagnostic = Diagnostic::error(format!("it is in doubt: {why}")).hint(
        "it may have been paid for, so it is not sent again by itself: `--retry-in-doubt` does that",
    );
    if let Some(kept) = kept {
        diagnostic = diagnostic.hint(format!("what came is kept in `{}`", shown(kept)));
    }
    failed(Exit::SomeFailed, diagnostic)
}

/// The same, with what to do where that is a page for a browser; `hint` is what the provider has to say to it.
pub fn no_answer(why: &str, kept: Option<&Path>, hint: Option<String>) -> Failed {
    let mut failed = doubt(why, kept);
    if let Some(hint) = hint.filter(|_| why.contains(WEB_PAGE)) {
        failed.diagnostic.hints.insert(0, hint);
    }
    failed
}

/// The disk.
pub fn disk(error: &FsError) -> Failed {
    failed(Exit::SomeFailed, Diagnostic::error(error.to_string()))
}

/// What the store has of it cannot be read.
pub fn unread(error: &FsError) -> Failed {
    blocked(Exit::Damaged, Diagnostic::error(plan::unread(error)))
}

/// It was paid for, and cannot be taken in now.
pub fn not_kept(error: &FsError, answer: &Path) -> Failed {
    failed(
        Exit::SomeFailed,
        Diagnostic::error(error.to_string()).hint(format!(
            "the answer is safe in `{}`: the next `gpbuild` takes it from there, for nothing",
            shown(answer)
        )),
    )
}

/// It was paid for, and is not where it should be.
pub fn astray(astray: &Misplaced) -> Failed {
    let path = shown(&astray.path);
    let hint = match &astray.belongs {
        Some(place) => format!(
            "it was paid for, and its answer is safe in `{path}`: make room, move that to `{}`, and the next `gpbuild` takes it from there, for nothing",
            shown(place)
        ),
        None => format!(
            "it was paid for, and its answer is in `{path}`: the next `gpbuild` takes it from there, for nothing"
        ),
    };
    failed(
        Exit::SomeFailed,
        Diagnostic::error(astray.error.to_string()).hint(hint),
    )
}

/// Its answer found room nowhere.
pub fn no_room(error: &FsError, kept: Option<&Path>) -> Failed {
    let mut diagnostic = Diagnostic::error(error.to_string()).hint(
        "it may have been paid for, so it is not sent again by itself: make room, then `--retry-in-doubt` does that",
    );
    if let Some(kept) = kept {
        diagnostic = diagnostic.hint(format!("what came is kept in `{}`", shown(kept)));
    }
    failed(Exit::SomeFailed, diagnostic)
}

/// A picture that goes with it.
pub fn unreadable(why: &str) -> Failed {
    failed(
        Exit::SomeFailed,
        Diagnostic::error(format!("a picture that goes with the request: {why}"))
            .hint("run `gpbuild` again"),
    )
}

/// It is larger than its provider takes.
pub fn too_large(bytes: u64, most: u64) -> Failed {
    let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
    failed(
        Exit::SomeFailed,
        Diagnostic::error(format!(
            "it was not sent: with its pictures it is {}, and the provider takes at most {}",
            megabytes(bytes),
            megabytes(most)
        ))
        .hint("give it fewer `references`, or smaller ones: as JPEG, or of less pixels"),
    )
}

/// Nobody was reached.
pub fn unreached(why: &str) -> Failed {
    failed(
        Exit::Provider,
        Diagnostic::error(format!("the provider was not reached: {why}")).hint(
            "nothing was sent, nothing was paid: look at the network, then run `gpbuild` again",
        ),
    )
}

/// What the provider refused for good; `own` is what the provider has to say to it.
pub fn refused(refusal: &Refusal, own: Option<String>) -> Failed {
    let said = refusal.said();
    let mut diagnostic = Diagnostic::error(match &refusal.kind {
        RefusalKind::Moderation { stage, .. } => match stage.as_deref() {
            Some("input") => format!("the provider's moderation refused the prompt: {said}"),
            Some("output") => {
                format!("the provider's moderation refused the picture that was made: {said}")
            }
            _ => format!("the provider's moderation refused it: {said}"),
        },
        RefusalKind::Redirect(to) if !to.is_empty() => {
            format!("the provider points elsewhere, to `{}`: {said}", host(to))
        }
        _ if refusal.status == 0 => format!("it was not made: {said}"),
        _ => format!("the provider refused it: {said}"),
    });
    let code = refusal.code.as_deref().unwrap_or_default();
    let hint = match &refusal.kind {
        RefusalKind::Moderation { .. } => "reword the prompt",
        RefusalKind::RateLimit => {
            "it went on for too long: run `gpbuild` again later, or with less `--jobs`"
        }
        RefusalKind::Overloaded => "nothing was made: run `gpbuild` again later",
        RefusalKind::SlowDown => "wait a quarter of an hour, then run `gpbuild --jobs 2`",
        RefusalKind::Quota => "look at billing and limits of the account: no waiting mends this",
        RefusalKind::Credentials if refusal.status == 403 => {
            "the key may not do this: look at its permissions in the provider's settings"
        }
        RefusalKind::Credentials => "look at the key",
        RefusalKind::NoModel => "look at the model's name, and at what the key may use",
        RefusalKind::Redirect(_) => {
            "gpbuild follows nowhere, so that the key goes to nobody else: set `base_url` to where the API is"
        }
        RefusalKind::Invalid if code == "invalid_value" => {
            "this gpbuild's table of models may be out of date: `[model.\"provider/name\"]` overrides it"
        }
        RefusalKind::Invalid => "nothing was made, nothing was paid",
    };
    diagnostic = diagnostic.hint(own.unwrap_or_else(|| hint.to_owned()));
    if let RefusalKind::Moderation { categories, .. } = &refusal.kind
        && !categories.is_empty()
    {
        diagnostic = diagnostic.hint(format!("categories: {}", categories.join(", ")));
    }
    if let Some(id) = &refusal.request_id {
        diagnostic = diagnostic.hint(format!("for its support: request `{id}`"));
    }
    let exit = match refusal.kind {
        RefusalKind::Moderation { .. } | RefusalKind::Invalid => Exit::SomeFailed,
        _ => Exit::Provider,
    };
    failed(exit, diagnostic)
}

/// Scheme and host of a URL: the rest may hold secrets.
fn host(url: &str) -> String {
    let end = url
        .match_indices('/')
        .nth(2)
        .map_or(url.len(), |(at, _)| at);
    let shown = url[..end].split(['?', '#']).next().unwrap_or_default();
    match shown.rsplit_once('@') {
        Some((_, host)) => host.to_owned(),
        None => shown.to_owned(),
    }
}
