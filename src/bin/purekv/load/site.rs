//! One target: who it is, and its runs.

use indicatif::ProgressBar;

use super::crew::{self, Usages};
use super::error::{Fault, LoadError};
use super::greeting::{self, Greeting, Login};
use super::operation::Operation;
use super::options::Server;
use super::plan::Plan;
use super::process::Process;
use super::stream::Address;
use super::tally::Tally;
use super::target::Target;
use super::worker::Worker;

pub(crate) struct Site {
    pub(crate) target: Target,
    pub(crate) name: String,
    pub(crate) greeting: Greeting,
    address: Address,
    login: Login,
    /// Or why its processor time is not to be had.
    pub(crate) process: Result<Process, String>,
    is_filled: bool,
}

/// What one run has found.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// From the end of the warm-up to the last reply.
    pub(crate) seconds: f64,
    pub(crate) usages: Usages,
    /// Of keys that were read back: how many, and how many were there.
    pub(crate) read_back: Option<(u64, u64)>,
}

impl Site {
    pub(crate) fn meet(
        target: &Target,
        pid: Option<u32>,
        options: &Server,
        plan: &Plan,
    ) -> Result<Self, LoadError> {
        let name = target.to_string();
        let found = Address::find(&target.place, options.timeout);
        let (address, mut socket) =
            found.map_err(|source| LoadError::Connect { target: name.clone(), source })?;
        let login = Login { user: options.user.clone(), password: options.password.clone() };
        let wanted = options.protocol.map(Into::into);
        let greeting = greeting::greet(&mut socket, wanted, &login);
        let greeting =
            greeting.and_then(|greeting| plan.check(greeting.protocol).map(|()| greeting));
        let greeting = greeting.map_err(|told| LoadError::Greeting { target: name, told })?;
        let process = match pid {
            Some(pid) => Process::given(pid),
            None if !socket.is_local() => Err("it is not on this machine".to_owned()),
            None => Process::find(&address, greeting.pid),
        };
        let name = target.name.clone().unwrap_or_else(|| greeting.name.clone());
        Ok(Self {
            target: target.clone(),
            name,
            greeting,
            address,
            login,
            process,
            is_filled: false,
        })
    }

    /// Fills if need be, loads, reads back.
    pub(crate) fn run(
        &mut self,
        options: &Server,
        plan: &Plan,
        round: u64,
        bar: &ProgressBar,
    ) -> Result<Outcome, LoadError> {
        let mut workers = self.hire(options, plan)?;
        let protocol = self.greeting.protocol;
        let counts = matches!(plan.fill.as_deref(), Some([(Operation::Zero, _)]));
        // What expires, and counters, are written anew each time.
        let fills = !self.is_filled || plan.work.ttl.is_some() || counts;
        if let Some(operations) = plan.fill.as_ref().filter(|_| fills) {
            let hidden = ProgressBar::hidden();
            let phase = plan.filling(options, protocol, operations, &hidden);
            bar.set_message(format!("{}: writing {} keys", self.name, plan.work.keys.count));
            crew::through(&mut workers, &phase, None, None).map_err(|fault| self.fault(fault))?;
            self.is_filled = true;
        }
        bar.set_message(format!("{}, run {} of {}", self.name, round + 1, options.repeat));
        let phase = plan.load(options, protocol, round, bar);
        let clock = options.requests.is_none().then_some(bar);
        let process = self.process.as_ref().ok().copied();
        let (tally, usages) = crew::through(&mut workers, &phase, process, clock)
            .map_err(|fault| self.fault(fault))?;
        let seconds = tally.last.saturating_sub(phase.warm) as f64 / 1e9;
        let read_back = self.read_back(options, plan, &mut workers, &tally)?;
        Ok(Outcome { tally, seconds, usages, read_back })
    }

    fn read_back(
        &self,
        options: &Server,
        plan: &Plan,
        workers: &mut [Worker],
        load: &Tally,
    ) -> Result<Option<(u64, u64)>, LoadError> {
        let Some(operations) = &plan.read_back else {
            return Ok(None);
        };
        let phase = plan.reading_back(options, self.greeting.protocol, operations);
        let (tally, _) =
            crew::through(workers, &phase, None, None).map_err(|fault| self.fault(fault))?;
        let (asked, found) = (tally.all(), tally.hits());
        let may_be_gone = plan.work.ttl.is_some();
        let lost = if matches!(operations.as_slice(), [(Operation::Total, _)]) {
            let is_right = may_be_gone || tally.misses() > 0 || tally.counted == load.all();
            (!is_right).then(|| {
                let (counted, all) = (tally.counted, load.all());
                format!(
                    "{all} times it was counted up, and the counters stand at {counted} together"
                )
            })
        } else {
            // Nobody has looked at what was stored, so at least some of it must be there.
            let is_lost = found == 0 && !may_be_gone;
            is_lost.then(|| {
                let all = load.all();
                format!("{all} values were stored, and of {asked} keys none has one afterwards")
            })
        };
        match lost {
            Some(told) => Err(self.fault(Fault::Lost(told))),
            None => Ok(Some((asked, found))),
        }
    }

    /// Connections, shared out to threads.
    fn hire(&self, options: &Server, plan: &Plan) -> Result<Vec<Worker>, LoadError> {
        let target = || self.target.to_string();
        let connect = |source| LoadError::Connect { target: target(), source };
        let mut shares: Vec<Vec<_>> = (0..plan.threads).map(|_| Vec::new()).collect();
        for number in 0..options.connections as usize {
            let mut socket = self.address.connect(options.timeout).map_err(connect)?;
            greeting::log_in(&mut socket, self.greeting.protocol, &self.login)
                .map_err(|told| LoadError::Greeting { target: target(), told })?;
            shares[number % plan.threads].push((number, socket));
        }
        let worker = |(number, sockets)| Worker::new(number, self.greeting.protocol, sockets);
        shares.into_iter().enumerate().map(worker).collect::<Result<_, _>>().map_err(connect)
    }

    fn fault(&self, fault: Fault) -> LoadError {
        LoadError::Fault { target: self.target.to_string(), fault }
    }

    /// What it is, and where.
    pub(crate) fn line(&self) -> String {
        let Greeting { protocol, name, version, .. } = &self.greeting;
        let process = match &self.process {
            Ok(process) => format!("process {}", process.pid),
            Err(why) => format!("no processor time of the server: {why}"),
        };
        let version = format!("{name} {version}");
        let (label, place) = (&self.name, &self.target.place);
        format!("{label}: {} at {place}, {}; {process}", version.trim_end(), protocol.name())
    }
}
