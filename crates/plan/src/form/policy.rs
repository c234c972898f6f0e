//! What a process says about targets and money. Data of its file, checked as it is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::bank::{BadFile, Choice, bank};
use crate::pep::Phase;
use crate::value::PENCE_MAX;

/// What a set of targets must have (PEP.md 2.20, 2.21). A process that says nothing asks for nothing: seeds 000, 001 and 002
/// name no number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TargetPolicy {
    /// How many agreed targets of which categories (R003-19).
    pub minimums: Vec<Minimum>,
    /// How many agreed targets in all (R003-18).
    pub min_total: usize,
    /// How far ahead a target may look; empty: as far as people like.
    pub horizons: Vec<Horizon>,
}

/// So many agreed targets of these categories together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// Categories of `targets.list`; any of them counts.
    pub categories: Vec<String>,
    /// How many.
    pub count: usize,
}

/// How far ahead a target looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Horizon {
    /// Until the next PEP (R003-22).
    Term,
    /// Beyond it (R004-30).
    LongTerm,
}

/// What a process says about money (PEP.md 4.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FundingPolicy {
    /// What a school can claim for one term, from which day on, earliest first. Amounts of one term, never a yearly sum
    /// divided.
    pub allocations: Vec<Allocation>,
    /// What this council calls a funding stream, by the choices of `funding.stream`; others keep the bank's words.
    pub stream_labels: BTreeMap<String, String>,
    /// What the amount means.
    pub model: FundingModel,
    /// Money the Virtual School keeps to pay tuition counts against the allocation (R003-24).
    pub retained_counts_against_cap: bool,
    /// The choices of `funding.tuition` that this council offers.
    pub tuition_modes: Vec<String>,
    /// The school is paid next term, if this PEP is adequate.
    pub in_arrears: bool,
}

/// The amounts of one table of local rates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// PEPs of terms that begin on this day or later.
    pub from: NaiveDate,
    /// Pence for one term, by phase. A phase that is not listed has no set amount.
    pub pence: BTreeMap<Phase, i64>,
}

/// What the termly amount means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FundingModel {
    /// The most that can be claimed without a reason.
    #[default]
    Cap,
    /// The highest of several bands; the Virtual School decides which.
    Banded,
    /// There is no set amount; each request is weighed by itself.
    NeedsLed,
}

impl FundingPolicy {
    /// What a school can claim for a term that begins on `day`, in pence; `None` where no amount is set.
    pub fn allocation(&self, phase: Phase, day: NaiveDate) -> Option<i64> {
        self.allocations.iter().rfind(|table| table.from <= day)?.pence.get(&phase).copied()
    }

    /// What this council calls a stream.
    pub fn stream_label<'a>(&'a self, stream: &'a str) -> &'a str {
        let bank_label = || bank().question("funding.stream").map_or(stream, |question| question.label_of(stream));
        self.stream_labels.get(stream).map_or_else(bank_label, String::as_str)
    }
}

impl TargetPolicy {
    /// Refuses what no set of targets could mean; `text` is the file, for the line.
    pub(crate) fn checked(self, text: &str) -> Result<TargetPolicy, BadFile> {
        let at = |key: &str, reason: String| Err(BadFile::at(text, key, reason));
        let known = options("targets.list", Some("category"));
        let mut taken = BTreeSet::new();
        for minimum in &self.minimums {
            if minimum.categories.is_empty() || minimum.count == 0 {
                return at("minimums", "a minimum names categories and a count of 1 or more".to_owned());
            }
            for category in &minimum.categories {
                if !known.iter().any(|choice| choice.value == *category) {
                    return at(category, format!("{category} is not a kind of target"));
                }
                if !taken.insert(category) {
                    return at(category, format!("{category} is in two minimums, and one target would count twice"));
                }
            }
        }
        let together: usize = self.minimums.iter().map(|minimum| minimum.count).fold(0, usize::saturating_add);
        if self.min_total > 0 && self.min_total < together {
            return at("minTotal", format!("minTotal is {}, and the minimums come to {together}", self.min_total));
        }
        Ok(self)
    }
}

/// The `funding` of a process file. `allocationPence` is the short form of `allocations` with one table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FundingFile {
    allocation_pence: Option<BTreeMap<Phase, i64>>,
    #[serde(default)]
    allocations: Vec<Allocation>,
    #[serde(default)]
    stream_labels: BTreeMap<String, String>,
    #[serde(default)]
    model: FundingModel,
    retained_counts_against_cap: bool,
    tuition_modes: Option<Vec<String>>,
    #[serde(default)]
    in_arrears: bool,
}

impl FundingFile {
    /// The policy, or what is wrong with it; `from` is the day the process begins.
    pub(crate) fn checked(self, text: &str, from: NaiveDate) -> Result<FundingPolicy, BadFile> {
        let at = |key: &str, reason: String| Err(BadFile::at(text, key, reason));
        let allocations = match (self.allocation_pence, self.allocations) {
            (Some(_), list) if !list.is_empty() => {
                return at(
                    "allocationPence",
                    "amounts stand in allocations or in allocationPence, not in both".to_owned(),
                );
            }
            (Some(pence), _) if pence.is_empty() => Vec::new(),
            (Some(pence), _) => vec![Allocation { from, pence }],
            (None, list) => list,
        };
        if allocations.windows(2).any(|pair| matches!(pair, [before, after] if before.from >= after.from)) {
            return at("allocations", "the tables of allocations are not in order of their days".to_owned());
        }
        let key = if text.contains("\"allocationPence\"") { "allocationPence" } else { "allocations" };
        let amounts = || allocations.iter().flat_map(|table| table.pence.values());
        if let Some(pence) = amounts().find(|pence| !(0..=PENCE_MAX).contains(*pence)) {
            return at(key, format!("{pence} is no amount of pence from 0 to {PENCE_MAX}"));
        }
        if self.model == FundingModel::NeedsLed && amounts().next().is_some() {
            return at("model", "a needs-led process sets no amounts".to_owned());
        }
        if let Some(stream) =
            self.stream_labels.keys().find(|key| !options("funding.stream", None).iter().any(|c| c.value == **key))
        {
            return at(stream, format!("{stream} is not a funding stream"));
        }
        let offered = options("funding.tuition", None);
        let modes = self.tuition_modes.unwrap_or_else(|| offered.iter().map(|choice| choice.value.clone()).collect());
        if let Some(mode) = modes.iter().find(|mode| !offered.iter().any(|choice| choice.value == **mode)) {
            return at(mode, format!("{mode} is not a way to arrange tuition"));
        }
        Ok(FundingPolicy {
            allocations,
            stream_labels: self.stream_labels,
            model: self.model,
            retained_counts_against_cap: self.retained_counts_against_cap,
            tuition_modes: modes,
            in_arrears: self.in_arrears,
        })
    }
}

/// The choices of a question of the bank, or of one of its columns.
fn options(question: &str, column: Option<&str>) -> &'static [Choice] {
    let question = bank().question(question);
    match column {
        None => question.map_or(&[], |question| &question.options),
        Some(column) => question.and_then(|question| question.column(column)).map_or(&[], |column| &column.options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn funding(text: &str) -> Result<FundingPolicy, BadFile> {
        serde_json::from_str::<FundingFile>(text)
            .map_err(|error| BadFile::json(&error))?
            .checked(text, day("2022-02-09"))
    }

    fn targets(text: &str) -> Result<TargetPolicy, BadFile> {
        serde_json::from_str::<TargetPolicy>(text).map_err(|error| BadFile::json(&error))?.checked(text)
    }

    #[test]
    fn the_amount_of_a_term_is_that_of_the_day_it_begins() {
        let policy = funding(
            r#"{"allocations": [
              {"from": "2022-02-09", "pence": {"primary": 50000}},
              {"from": "2026-01-01", "pence": {"primary": 52000, "secondary": 66666}}
            ], "retainedCountsAgainstCap": true}"#,
        )
        .unwrap();
        assert_eq!(policy.allocation(Phase::Primary, day("2022-02-08")), None);
        assert_eq!(policy.allocation(Phase::Primary, day("2025-09-02")), Some(50_000));
        assert_eq!(policy.allocation(Phase::Primary, day("2026-01-05")), Some(52_000));
        assert_eq!(policy.allocation(Phase::Secondary, day("2025-09-02")), None);
        // PEP.md 4.5: three terms of 666.66 are 1,999.98. Amounts of a term are stored, and nothing is divided.
        assert_eq!(policy.allocation(Phase::Secondary, day("2026-01-05")).map(|pence| pence * 3), Some(199_998));
    }

    #[test]
    fn the_short_form_is_one_table_from_the_day_the_process_begins() {
        let policy = funding(r#"{"allocationPence": {"secondary": 52000}, "retainedCountsAgainstCap": true}"#).unwrap();
        assert_eq!(policy.allocation(Phase::Secondary, day("2022-02-09")), Some(52_000));
        assert_eq!(policy.allocation(Phase::Secondary, day("2022-02-08")), None);
        assert_eq!(policy.tuition_modes, ["not_needed", "school_claims", "vs_retains"]);
        assert_eq!(policy.model, FundingModel::Cap);
        assert_eq!(policy.stream_label("pp_plus"), options("funding.stream", None)[0].label);
    }

    #[test]
    fn r003_18_and_19_a_minimum_is_data() {
        let policy = targets(
            r#"{"minimums": [{"categories": ["academic"], "count": 2},
              {"categories": ["emotional_wellbeing", "social_skills"], "count": 1}], "minTotal": 3, "horizons": ["term"]}"#,
        )
        .unwrap();
        assert_eq!((policy.min_total, policy.minimums.len()), (3, 2));
        assert_eq!(targets("{}").unwrap(), TargetPolicy::default());
    }

    #[test]
    fn a_policy_that_cannot_be_is_refused_with_line_and_reason() {
        let target = |text: &str, line: usize, reason: &str| {
            let error = targets(text).expect_err(reason);
            assert!(error.reason.contains(reason), "{error} does not say {reason}");
            assert_eq!(error.line, line, "{error}");
        };
        target("{\n\"minimums\": [{\"categories\": [\"academic\"], \"count\": 0}]}", 2, "1 or more");
        target("{\n\"minimums\": [{\"categories\": [], \"count\": 1}]}", 2, "1 or more");
        target("{\n\"minimums\": [\n{\"categories\": [\"sport\"], \"count\": 1}]}", 3, "not a kind of target");
        let twice =
            "{\"minimums\": [{\"categories\": [\"eet\"], \"count\": 1}, {\"categories\": [\"eet\"], \"count\": 1}]}";
        target(twice, 1, "count twice");
        target("{\"minimums\": [{\"categories\": [\"eet\"], \"count\": 3}],\n\"minTotal\": 2}", 2, "come to 3");
        target("{\n\"horizons\": [\"decade\"]}", 2, "decade");
        target("{\n\"minTotal\": -1}", 2, "-1");
        target("{\n\"smart\": true}", 2, "smart");

        let money = |text: &str, line: usize, reason: &str| {
            let error = funding(text).expect_err(reason);
            assert!(error.reason.contains(reason), "{error} does not say {reason}");
            assert_eq!(error.line, line, "{error}");
        };
        let with = |rest: &str| format!("{{\"retainedCountsAgainstCap\": true,\n{rest}}}");
        money(&with("\"allocationPence\": {\"primary\": -1}"), 2, "no amount of pence");
        money(&with("\"allocationPence\": {\"primary\": 520.5}"), 2, "520.5");
        money(&with("\"allocationPence\": {\"nursery\": 1}"), 2, "phase");
        let table = |from: &str| format!("{{\"from\": \"{from}\", \"pence\": {{\"primary\": 1}}}}");
        let both = format!("\"allocationPence\": {{\"primary\": 1}}, \"allocations\": [{}]", table("2026-01-01"));
        money(&with(&both), 2, "not in both");
        let disorder = format!("\"allocations\": [{}, {}]", table("2026-01-01"), table("2025-01-01"));
        money(&with(&disorder), 2, "not in order");
        money(&with(&format!("\"allocations\": [{}]", table("2026-02-30"))), 2, "");
        money(&with("\"model\": \"needsLed\", \"allocationPence\": {\"primary\": 1}"), 2, "sets no amounts");
        money(&with("\"streamLabels\": {\"lottery\": \"Lottery\"}"), 2, "not a funding stream");
        money(&with("\"tuitionModes\": [\"somehow\"]"), 2, "not a way");
    }
}
