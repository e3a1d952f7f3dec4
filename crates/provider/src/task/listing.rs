//! A request whose ticket was lost, in the provider's own list of its tasks: what is read by the columns `list` of
//! a row. Says which tasks may be it, and never which one is: that others have a ticket it does not know.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::client::Client;
use super::form::{Listing, TaskForm, encoded};
use crate::bounded;
use crate::pointer;
use crate::reply::{Listed, Lost};
use crate::veil::Veil;

/// The most pages that are read of a list: who has more tasks than they hold is told so, and nothing follows.
const MAX_PAGES: usize = 20;
/// The most tasks that are told to be possible.
const MAX_LISTED: usize = 100;
/// How much two clocks may differ.
const MAX_SKEW: Duration = Duration::from_secs(300);

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// What may be the request.
    listed: Vec<Listed>,
    /// What follows cannot be it: it is older.
    is_past: bool,
    /// Where the next page is, as the answer says.
    next: Option<String>,
    /// How many pages there are, as the answer says.
    pages: Option<usize>,
}

impl Client {
    /// The tasks that may be a request whose answer was lost. An error says why nobody can tell now.
    pub(super) async fn listed(
        &self,
        lost: &Lost<'_>,
        form: &TaskForm,
        listing: &Listing,
    ) -> Result<Vec<Listed>, String> {
        let path = listing.path.replace("{model}", &encoded(lost.model));
        let at = |page: usize| form.below(&path.replace("{page}", &page.to_string()));
        let mut found: Vec<Listed> = Vec::new();
        let mut url = at(1)?;
        for n in 1..=MAX_PAGES {
            let body = self.answer(url).await?;
            let page = listing.page(&body, lost, self.timeout(), form, &self.veil());
            let page = page.ok_or("what it answered is no list of tasks")?;
            for one in page.listed {
                // A page may move on while the next one is asked for.
                if found.iter().all(|known| known.ticket != one.ticket) {
                    found.push(one);
                }
            }
            if page.is_past || found.len() >= MAX_LISTED {
                return Ok(found);
            }
            url = match (page.next, page.pages) {
                (Some(next), _) => form.own_url(&next)?,
                (None, Some(pages)) if n < pages => at(n + 1)?,
                (None, _) => return Ok(found),
            };
        }
        Err(format!("its list of tasks has more than {MAX_PAGES} pages"))
    }

    async fn answer(&self, url: Url) -> Result<Vec<u8>, String> {
        let response = self.get(url).await?;
        let status = response.status();
        match status.is_success() {
            true => self.body(response).await,
            false => Err(format!("the provider answered {}", status.as_u16())),
        }
    }
}

impl Listing {
    /// Reads a page; nothing if it is none.
    fn page(
        &self,
        body: &[u8],
        lost: &Lost<'_>,
        timeout: Duration,
        form: &TaskForm,
        veil: &Veil,
    ) -> Option<Page> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let list = self.tasks.strip_suffix("/*").unwrap_or(&self.tasks);
        body.pointer(list)?.as_array()?;
        let earliest = lost.sent.checked_sub(MAX_SKEW).ok()?;
        let latest = lost
            .sent
            .checked_add(timeout.saturating_add(MAX_SKEW))
            .ok()?;
        let mut page = Page {
            next: self.next.as_ref().and_then(|at| pointer::text(&body, at)),
            pages: self
                .pages
                .as_ref()
                .and_then(|at| pointer::text(&body, at)?.parse().ok()),
            ..Page::default()
        };
        let mut times = Vec::new();
        for task in pointer::all(&body, &self.tasks) {
            let Some(time) = pointer::text(task, &self.time).and_then(|time| moment(&time)) else {
                continue;
            };
            times.push(time);
            if (earliest..=latest).contains(&time) {
                page.listed.extend(self.candidate(task, lost, form, veil));
            }
        }
        // No document says in which order a list is: what follows is older only if it was so until here.
        page.is_past = match (times.first(), times.last()) {
            (Some(first), Some(last)) => first > last && *last < earliest,
            _ => false,
        };
        Some(page)
    }

    /// A task of the right time, if it may be the request.
    fn candidate(
        &self,
        task: &Value,
        lost: &Lost<'_>,
        form: &TaskForm,
        veil: &Veil,
    ) -> Option<Listed> {
        if pointer::text(task, &self.model)? != lost.model {
            return None;
        }
        let prompt = self.prompt.as_ref().and_then(|at| pointer::text(task, at));
        let is_told = prompt.as_deref() == Some(lost.prompt);
        if prompt.is_some() && !is_told {
            return None;
        }
        let id = bounded::name(&pointer::text(task, &self.ticket)?);
        let id = id.filter(|id| veil.lets_pass(id))?;
        // As the answer to the request would have said it. One that cannot be asked for may be it all the same.
        let mut answer = task.clone();
        pointer::set(&mut answer, &form.task.ticket, id.clone().into());
        let answer = serde_json::to_vec(&answer).unwrap_or_default();
        let is_ticket = form.ticket(&answer, veil).is_ok();
        Some(Listed {
            ticket: id,
            answer: if is_ticket { answer } else { Vec::new() },
            says_prompt: is_told,
        })
    }
}

/// RFC 3339, or milliseconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(milliseconds) => Timestamp::from_millisecond(milliseconds).ok(),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Page, moment};
    use crate::reply::Lost;
    use crate::table::builtin;
    use crate::task::TaskForm;
    use crate::veil::Veil;

    const AT: &str = "2026-11-29T02:00:00Z";

    fn page(provider: &str, model: &str, body: &Value) -> Option<Page> {
        let row = &builtin()[provider];
        let task = row.task_of(model).unwrap();
        let form = TaskForm {
            base_url: row.base_url.clone(),
            hosts: row.hosts.clone(),
            task: task.clone(),
        };
        let lost = Lost {
            model,
            own_id: "gpbuild-1",
            prompt: "a cat",
            sent: AT.parse().unwrap(),
        };
        let listing = task.list.as_ref().unwrap();
        let body = serde_json::to_vec(body).unwrap();
        listing.page(
            &body,
            &lost,
            Duration::from_secs(60),
            &form,
            &Veil::default(),
        )
    }

    fn tickets(page: &Page) -> Vec<(&str, bool)> {
        let listed = page.listed.iter();
        listed.map(|one| (&*one.ticket, one.says_prompt)).collect()
    }

    /// As its documents show the answer.
    #[test]
    fn a_list_of_dashscope() {
        let at = moment(AT).unwrap().as_millisecond();
        let task = |id: &str, model: &str, time: i64| {
            json!({"api_key_id": "15", "gmt_create": time, "model_name": model, "region": "cn-beijing",
                "request_id": "r", "start_time": time, "status": "RUNNING", "task_id": id})
        };
        let model = "qwen-image-3.0";
        let body = json!({"total": 6, "total_page": 2, "page_no": 1, "page_size": 50, "request_id": "r", "data": [
            task("later", model, at + 3_600_000), task("ours", model, at + 900), task("another", "wan2.7-image", at),
            task("early", model, at - 3_600_000)]});
        let page = page("dashscope", model, &body).unwrap();
        assert_eq!(tickets(&page), [("ours", false)]);
        assert_eq!((page.pages, page.is_past), (Some(2), true));
        let answer: Value = serde_json::from_slice(&page.listed[0].answer).unwrap();
        assert_eq!(answer["output"]["task_id"], "ours");
        // One that begins with the oldest goes on.
        let body = json!({"total_page": 2, "data": [task("early", model, at - 3_600_000)]});
        assert!(!self::page("dashscope", model, &body).unwrap().is_past);
    }

    #[test]
    fn a_list_of_replicate_says_the_prompt() {
        let model = "black-forest-labs/flux-2-pro";
        let task = |id: &str, input: Value| {
            json!({"id": id, "model": model, "created_at": "2026-11-29T02:00:01.5Z", "status": "processing",
                "input": input, "urls": {"get": format!("https://api.replicate.com/v1/predictions/{id}")}})
        };
        let body = json!({"previous": null, "next": "https://api.replicate.com/v1/predictions?cursor=1",
            "results": [task("a", json!({"prompt": "a dog"})), task("b", json!({"prompt": "a cat"})),
                task("c", json!({}))]});
        let page = page("replicate", model, &body).unwrap();
        assert_eq!(tickets(&page), [("b", true), ("c", false)]);
        assert!(page.next.is_some() && !page.is_past);
    }

    #[test]
    fn what_is_no_list_is_none_and_an_odd_task_is_left_out() {
        for body in [json!(null), json!({}), json!({"data": 7}), json!([])] {
            assert_eq!(page("dashscope", "wan2.7-image", &body), None, "{body}");
        }
        let at = moment(AT).unwrap().as_millisecond();
        let odd = |task: Value| json!({"data": [task]});
        for task in [
            json!(7),
            json!({"task_id": "t", "model_name": "wan2.7-image"}),
            json!({"task_id": "t", "model_name": "wan2.7-image", "gmt_create": "yesterday"}),
            json!({"task_id": "t", "model_name": "wan2.7-image", "gmt_create": i64::MAX}),
            json!({"task_id": "a\nb", "model_name": "wan2.7-image", "gmt_create": at}),
            json!({"task_id": {}, "model_name": "wan2.7-image", "gmt_create": at}),
        ] {
            let page = page("dashscope", "wan2.7-image", &odd(task)).unwrap();
            assert_eq!(tickets(&page), []);
        }
    }
}
