//! What stands between a plan and a request: keys that are missing, settings of the project that only the
//! person can grant, and an old store that nobody took over. Asks the person, once; knows no prices.

use std::collections::BTreeMap;

use crate::pipeline::money::asked;
use crate::pipeline::{Planned, Settings, open, store_failure};
use crate::trust::{self, Book};
use base::diagnostic::{Diagnostic, Failure, Severity, count, list};
use base::digest::Digest;
use declare::manifest::{self, Claim, Provider, Stake};
use model::{COMMAND, ModelId};
use plan::{Reason, Step};
use provider::address;
use report::{Event, Reporter};

/// At most so many settings are told one by one.
const MAX_TOLD: usize = 10;

/// What a project asks of the person, and what was answered.
pub struct Wishes {
    /// The settings, those first on which the key hangs.
    pub claims: Vec<Claim>,
    /// The digest of all of them.
    pub digest: Digest,
    /// Where answers are kept.
    pub book: Book,
    /// Somebody agreed to exactly these.
    pub trusted: bool,
    /// The environment agrees to settings, but not to these.
    pub of_others: bool,
}

impl Wishes {
    fn new(settings: &Settings, claims: &[Claim]) -> Self {
        let book = Book::open(&settings.home, &settings.root);
        let digest = trust::digest(claims);
        let named = settings.trusted.as_deref().unwrap_or_default();
        let hex = digest.hex();
        let by_name = named
            .split(|c: char| c == ',' || c.is_whitespace())
            .any(|word| word == hex);
        Self {
            trusted: claims.is_empty() || by_name || book.has(claims),
            of_others: !named.is_empty() && !by_name,
            claims: claims.to_vec(),
            digest,
            book,
        }
    }

    /// What is told where nobody agreed: each setting at its place.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let told = self.claims.iter().take(MAX_TOLD);
        told.map(|claim| {
            let message = format!("`{}` needs your trust: {}", claim.name, claim.means());
            Diagnostic::warning(message).at(claim.place.clone())
        })
        .collect()
    }

    /// What is told where nobody can be asked.
    pub fn refusal(&self, what: &str) -> Diagnostic {
        let settings = count(self.claims.len(), "setting");
        let need = if self.claims.len() == 1 {
            "needs"
        } else {
            "need"
        };
        let mut error = Diagnostic::error(format!(
            "{what}: {settings} of this project {need} your trust"
        ))
        .hint("`gpbuild trust` shows them, and remembers that you agree")
        .hint(format!(
            "where nobody can be asked, `GPBUILD_TRUST={}` agrees to exactly these",
            self.digest
        ));
        if self.of_others {
            error = error.hint(
                "`GPBUILD_TRUST` is set to something else: what it was set for is not what this project sets",
            );
        }
        error
    }

    /// The question, with all that the key hangs on.
    pub fn question(&self) -> String {
        let hosts = self.claims.iter().filter_map(|claim| match &claim.stake {
            Stake::Host { host, .. } | Stake::Provider { host, .. } => Some(host),
            _ => None,
        });
        let hosts: Vec<String> = hosts
            .map(|host| format!("your key and every request go to {host}; "))
            .collect();
        let names: Vec<&str> = self
            .claims
            .iter()
            .map(|claim| claim.name.as_str())
            .collect();
        let names = match names.len().checked_sub(MAX_TOLD) {
            None | Some(0) => list(&names),
            Some(more) => format!("{} and {more} more", list(&names[..MAX_TOLD])),
        };
        format!("{}trust this project with {names}?", hosts.concat())
    }
}

/// What the project asks of the person, all of it.
pub fn wishes(settings: &Settings) -> Result<Wishes, Failure> {
    let (manifest, _, problems) = manifest::load(&*open(settings)?, None)?;
    if problems.iter().any(|d| d.severity == Severity::Error) {
        return Err(Failure::manifest(problems));
    }
    Ok(Wishes::new(settings, &manifest.claims))
}

impl Planned {
    /// Whether any setting of the project decides something that only the person can grant. What the
    /// environment says comes before a `base_url`, and the person's own `confirm` before the project's;
    /// whoever agreed to the cost is not asked above any.
    fn claims_count(&self, settings: &Settings) -> bool {
        let manifest = &self.project.manifest;
        let asked = !settings.build.money.yes && settings.build.money.max_cost.is_none();
        manifest.claims.iter().any(|claim| match &claim.stake {
            Stake::Host { provider, .. } => {
                let provider = manifest.providers.get(provider.as_str());
                !provider.is_some_and(|provider| settings.access.names_place(&provider.row))
            }
            Stake::Confirm => asked && self.person.confirm.is_none(),
            Stake::Provider { .. } | Stake::Deployment | Stake::Price | Stake::Params => true,
        })
    }

    /// Whether nothing of the project stands before requests; asks nobody.
    pub(super) fn is_trusted(&self, settings: &Settings) -> bool {
        let claims = &self.project.manifest.claims;
        !self.claims_count(settings) || Wishes::new(settings, claims).trusted
    }

    /// Whether there is a way to anybody who may have to be asked for these steps.
    pub(super) fn can_ask<'a>(
        &self,
        settings: &Settings,
        steps: impl Iterator<Item = &'a Step>,
    ) -> bool {
        let providers = &self.project.manifest.providers;
        asked(steps).into_iter().any(|name| match name == COMMAND {
            true => !self.person.commands.is_empty(),
            false => {
                let provider = providers.get(name);
                provider.is_some_and(|provider| settings.access.has_key(&provider.row))
            }
        })
    }

    /// Why a model cannot be asked now.
    pub(super) fn unreachable(&self, settings: &Settings, model: &ModelId) -> Option<Reason> {
        let providers = &self.project.manifest.providers;
        let missing = match model.provider == COMMAND {
            true => {
                let none =
                    trust::no_program(&settings.home, &settings.root, &self.person, &model.name);
                none.map(Reason::NoProgram)
            }
            false => settings.access.missing(providers, &model.provider),
        };
        let old = self.old_store.then_some(Reason::OldStore);
        let sends = settings.build.batching.sends && model.provider != COMMAND;
        let no_batch = sends.then(|| self.no_batch(&model.provider)).flatten();
        missing
            .or(no_batch)
            .or(old)
            .or((!self.trusted).then_some(Reason::NotTrusted))
    }

    /// Why a provider cannot be sent batches, and who can.
    fn no_batch(&self, name: &str) -> Option<Reason> {
        let providers = &self.project.manifest.providers;
        let who = providers.get(name)?.lacks_batches()?;
        let mut others = providers.names();
        others.retain(|other| {
            *other != name && providers.get(other).is_some_and(Provider::has_batches)
        });
        Some(Reason::NoBatch(match others.as_slice() {
            [] => format!("{who}: leave `--batch` out"),
            others => format!("{who}, unlike {}: leave `--batch` out", list(others)),
        }))
    }

    /// Where requests would go, as far as that does not go without saying: a line for each provider.
    pub fn destinations(&self, settings: &Settings) -> Vec<String> {
        let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
        for step in &self.plan.steps {
            let wanted = step.requests() + step.withheld_requests();
            if let Some(name) = asked([step].into_iter()).first()
                && wanted > 0
            {
                *requests.entry(name).or_default() += wanted;
            }
        }
        let told = requests.into_iter();
        told.filter_map(|(name, n)| self.destination(settings, name, n))
            .collect()
    }

    fn destination(&self, settings: &Settings, name: &str, requests: usize) -> Option<String> {
        let provider = self.project.manifest.providers.get(name)?;
        let (base, _) = settings.access.place(provider);
        let shut = !self.trusted;
        let is_moved = settings.access.names_place(&provider.row) || provider.base_url.is_some();
        if !is_moved && !shut {
            return None;
        }
        let host = address::host(&address::parse(base).ok()?);
        let trust = if shut {
            "; what this project sets needs your trust first: `gpbuild trust` shows it"
        } else {
            ""
        };
        Some(format!(
            "{} would go to {host}{trust}",
            count(requests, "request")
        ))
    }
}

/// Where something is to be paid for and nobody agreed to what the project sets for it, the person is asked;
/// where there is none, it is told what they would have to agree to. Once they agree, all is decided anew, and what
/// they agreed to comes back.
pub fn open_for(
    settings: &Settings,
    planned: &mut Planned,
    reporter: &Reporter,
) -> Result<Option<Digest>, Failure> {
    if planned.trusted || planned.old_store {
        return Ok(None);
    }
    let steps = &planned.plan.steps;
    let wanted = |step: &&Step| step.goes_out() || step.pending || step.withheld_requests() > 0;
    if !planned.can_ask(settings, steps.iter().filter(wanted)) {
        return Ok(None);
    }
    if !steps.iter().any(|step| wanted(&step)) {
        return Ok(None);
    }
    let wishes = Wishes::new(settings, &planned.project.manifest.claims);
    for warning in wishes.warnings() {
        reporter.event(Event::Diagnostic(&warning));
    }
    match reporter.ask(&wishes.question()) {
        Some(true) => {
            remember(&wishes, reporter)?;
            planned.trusted = true;
            planned.decide(settings);
            return Ok(Some(wishes.digest));
        }
        Some(false) => {}
        None => reporter.event(Event::Diagnostic(&wishes.refusal("nothing is asked for"))),
    }
    Ok(None)
}

/// Keeps that the person agreed.
fn remember(wishes: &Wishes, reporter: &Reporter) -> Result<(), Failure> {
    let kept = wishes.book.add(&wishes.claims);
    if !kept.map_err(|e| store_failure(&e))? {
        reporter.event(Event::Note(
            "that holds for this run: there is no folder outside of the project to remember it in",
        ));
    }
    Ok(())
}
