//! One run over files of tests.

use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::{SuiteError, find};
use crate::platform::files;
use crate::policy::Catalog;
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::{Code, Diagnostic, Finding, Place, Source};
use crate::suite::{self, Case, CaseResult, Coverage, Failure, Outcome, Policies, Record, TestFile, Tests};

/// The largest golden file that is read, in bytes.
const MAX_GOLDEN_BYTES: usize = 256 * 1024 * 1024;
/// Where a failing case stands takes a walk through its file; beyond this many, its start must do.
const MAX_PLACES: usize = 200;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct SuiteRequest {
    /// Files, and folders of them; none: `policy-tests`.
    pub paths: Vec<PathBuf>,
    pub policies: Option<PathBuf>,
    pub providers: Option<PathBuf>,
    /// A regular expression over `suite: case`.
    pub filter: Option<String>,
    /// Rewrite golden files.
    pub bless: bool,
    /// Name what no case covers.
    pub require_tests: bool,
    /// Tell what the cases have seen of the policies.
    pub coverage: bool,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct SuiteReport {
    pub files: Vec<FileReport>,
    /// What no case covers, in words; only where that was asked for.
    pub missing: Vec<String>,
    /// What the cases have seen of the policies; only where that was asked for.
    pub coverage: Option<Coverage>,
}

/// How the cases of one file went.
#[derive(Debug)]
pub struct FileReport {
    pub path: String,
    pub suite: String,
    pub cases: Vec<CaseReport>,
    /// Names in the golden file that the test file does not have.
    pub stale: Vec<String>,
    /// Its golden file was rewritten.
    pub blessed: bool,
    /// It was to be rewritten, and results contradict what their author expects.
    pub refused: bool,
}

/// How one case went.
#[derive(Debug)]
pub struct CaseReport {
    pub name: String,
    /// Line and column of the case, where it fails.
    pub at: Option<(usize, usize)>,
    pub record: Record,
    /// Why it was decided so, in words.
    pub message: Option<String>,
    pub failures: Vec<Failure>,
}

impl SuiteReport {
    #[must_use]
    pub fn passed(&self) -> usize {
        self.cases().filter(|case| case.failures.is_empty()).count()
    }

    /// Failing cases, leftovers in golden files, and what is required and missing.
    #[must_use]
    pub fn failed(&self) -> usize {
        let stale: usize = self.files.iter().map(|file| file.stale.len()).sum();
        self.cases().filter(|case| !case.failures.is_empty()).count() + stale + self.missing.len()
    }

    pub fn cases(&self) -> impl Iterator<Item = &CaseReport> {
        self.files.iter().flat_map(|file| &file.cases)
    }
}

/// Runs tests.
///
/// # Errors
/// When files cannot be found, read or understood.
pub fn test_policies(request: &SuiteRequest) -> Result<SuiteReport, SuiteError> {
    let paths =
        if request.paths.is_empty() { vec![PathBuf::from(find::TESTS)] } else { request.paths.clone() };
    let filter = request.filter.as_deref().map(filter).transpose()?;
    let catalog = find::providers(request.providers.as_deref())?;
    let policies = find::policies(request.policies.as_deref(), &paths)?;
    let tests = find::tests(&paths)?;
    if tests.is_empty() {
        let message = format!("there is no `*{}` file in {}", find::TEST, listed(&paths));
        let help = "write one with `aivault policy new CAPABILITY`";
        return Err(ServiceError::new(ErrorKind::InvalidRequest, message).help(help).into());
    }
    let run = Run { catalog: catalog.as_ref(), policies: &policies, filter, bless: request.bless };
    let files = run.files(&tests)?;
    let mut report = SuiteReport::default();
    let (mut tested, mut outcomes) = (Vec::new(), Vec::new());
    let mut places = MAX_PLACES;
    for (file, results, stale, state) in files {
        report.files.push(file_report(&file, results, stale, state, &mut places, &mut outcomes));
        tested.push(file);
    }
    if request.filter.is_some() && report.cases().next().is_none() {
        let message = "--filter matches no case; it is held against `suite: name`";
        return Err(ServiceError::new(ErrorKind::InvalidRequest, message).into());
    }
    if request.require_tests {
        report.missing = suite::missing(outcomes.iter(), catalog.as_ref(), &policies);
    }
    if request.coverage {
        let tests = Tests { catalog: catalog.as_ref(), policies: &policies, files: &tested };
        report.coverage = Some(suite::coverage(&tests));
    }
    Ok(report)
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| find::shown(path)).collect::<Vec<_>>().join(", ")
}

fn filter(text: &str) -> Result<Regex, ServiceError> {
    Regex::new(text).map_err(|error| {
        ServiceError::new(ErrorKind::InvalidRequest, format!("--filter is no regular expression: {error}"))
    })
}

struct Run<'a> {
    catalog: &'a dyn Catalog,
    policies: &'a Policies,
    filter: Option<Regex>,
    bless: bool,
}

/// What became of a golden file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Kept,
    Blessed,
    Refused,
}

type Done = (TestFile, Vec<CaseResult>, Vec<String>, State);

impl Run<'_> {
    /// All files are understood before any golden file is touched.
    fn files(&self, paths: &[PathBuf]) -> Result<Vec<Done>, SuiteError> {
        let mut parsed = Vec::with_capacity(paths.len());
        let mut mistakes = Vec::new();
        for path in paths {
            match TestFile::parse(find::source(path)?, self.catalog, self.policies) {
                Ok(file) => parsed.push((path, file)),
                Err(more) => mistakes.extend(more),
            }
        }
        if !mistakes.is_empty() {
            return Err(SuiteError::Broken(mistakes));
        }
        parsed.into_iter().map(|(path, file)| self.file(path, file)).collect()
    }

    fn file(&self, path: &Path, file: TestFile) -> Result<Done, SuiteError> {
        let wanted = |case: &Case| {
            let name = || format!("{}: {}", file.suite, case.name);
            self.filter.as_ref().is_none_or(|filter| filter.is_match(&name()))
        };
        let mut results = suite::run(&file, self.catalog, self.policies, wanted);
        let golden = golden_path(path);
        if self.bless {
            let state = bless(&golden, &results)?;
            return Ok((file, results, Vec::new(), state));
        }
        let stale = self.held_against(&golden, &mut results, &file)?;
        Ok((file, results, stale, State::Kept))
    }

    /// Where the whole text is what would be written, nothing in it differs.
    fn held_against(
        &self,
        golden: &Path,
        results: &mut [CaseResult],
        file: &TestFile,
    ) -> Result<Vec<String>, SuiteError> {
        let text = if files::exists(golden)? { read(golden)? } else { String::new() };
        if self.filter.is_none() && written(results)? == text {
            return Ok(Vec::new());
        }
        let recorded = suite::read(&text).map_err(|error| {
            let finding =
                Finding::new(Code::Syntax, Place::root(), format!("this is no golden file: {error}"));
            let source = Source { name: find::shown(golden), text: text.clone() };
            SuiteError::Broken(vec![Diagnostic::at(finding.help("write it anew with `--bless`"), &source, 0)])
        })?;
        Ok(suite::compare(results, recorded, file))
    }
}

fn read(path: &Path) -> Result<String, SuiteError> {
    let bytes = files::read_bounded(path, MAX_GOLDEN_BYTES)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn written(results: &[CaseResult]) -> Result<String, SuiteError> {
    let records: Vec<&Record> = results.iter().map(|result| &result.record).collect();
    suite::write(&records)
        .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()).into())
}

/// A result that its author did not expect is never made the measure of the next run.
fn bless(golden: &Path, results: &[CaseResult]) -> Result<State, SuiteError> {
    if results.iter().any(|result| result.failures.iter().any(Failure::contradicts)) {
        return Ok(State::Refused);
    }
    let text = written(results)?;
    if files::exists(golden)? && read(golden)? == text {
        return Ok(State::Kept);
    }
    files::replace_document(golden, &text)?;
    Ok(State::Blessed)
}

pub(super) fn golden_path(test: &Path) -> PathBuf {
    let name = test.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(find::TEST).or_else(|| name.strip_suffix(".yaml")).unwrap_or(&name);
    test.with_file_name(format!("{stem}{}", find::GOLDEN))
}

fn file_report(
    file: &TestFile,
    results: Vec<CaseResult>,
    stale: Vec<String>,
    state: State,
    places: &mut usize,
    outcomes: &mut Vec<Outcome>,
) -> FileReport {
    let cases = results.into_iter().map(|result| {
        let fails = !result.failures.is_empty();
        let at = (fails && *places > 0).then(|| file.position(result.index));
        *places -= usize::from(at.is_some());
        let message = result.outcome.message.clone();
        outcomes.push(result.outcome);
        CaseReport { name: result.name, at, record: result.record, message, failures: result.failures }
    });
    FileReport {
        cases: cases.collect(),
        path: file.source.name.clone(),
        suite: file.suite.clone(),
        stale,
        blessed: state == State::Blessed,
        refused: state == State::Refused,
    }
}
