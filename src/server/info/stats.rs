//! What has been done so far.

use super::{Facts, Text};
use crate::resp::command::Command;
use crate::server::counters::{Tally, Traffic};

pub(super) fn stats(facts: &Facts<'_>, text: &mut Text) {
    let (server, figures, totals) = (facts.server, &facts.figures, &facts.totals);
    let [commands, input, output] = server.rates(totals, facts.now);
    let kilobytes = |rate: f64| format!("{:.2}", rate / 1024.0);
    let (came, rejected) = server.arrivals();
    text.field("total_connections_received", came);
    text.field("total_commands_processed", totals.all(Tally::Calls));
    text.field("instantaneous_ops_per_sec", commands.round());
    text.field("total_net_input_bytes", totals.traffic(Traffic::Input));
    text.field("total_net_output_bytes", totals.traffic(Traffic::Output));
    text.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    text.field("instantaneous_input_kbps", kilobytes(input));
    text.field("instantaneous_output_kbps", kilobytes(output));
    text.field("instantaneous_input_repl_kbps", "0.00");
    text.field("instantaneous_output_repl_kbps", "0.00");
    text.field("rejected_connections", rejected);
    text.zeros(&["sync_full", "sync_partial_ok", "sync_partial_err"]);
    text.field("expired_keys", figures.expired);
    text.field("expired_stale_perc", "0.00");
    text.zeros(&["expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds"]);
    text.field("evicted_keys", figures.evicted);
    text.zeros(&["evicted_clients", "total_eviction_exceeded_time"]);
    text.zeros(&["current_eviction_exceeded_time"]);
    text.field("keyspace_hits", figures.hits.unwrap_or(0));
    text.field("keyspace_misses", figures.misses.unwrap_or(0));
    text.zeros(&["pubsub_channels", "pubsub_patterns", "pubsubshard_channels"]);
    text.zeros(&["latest_fork_usec", "total_forks", "migrate_cached_sockets"]);
    text.zeros(&["slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses"]);
    text.zeros(&["active_defrag_key_hits", "active_defrag_key_misses"]);
    text.zeros(&["total_active_defrag_time", "current_active_defrag_time"]);
    text.zeros(&["tracking_total_keys", "tracking_total_items", "tracking_total_prefixes"]);
    text.field("unexpected_error_replies", 0);
    text.field("total_error_replies", totals.all_errors());
    text.field("dump_payload_sanitizations", 0);
    text.field("total_reads_processed", totals.traffic(Traffic::Reads));
    text.field("total_writes_processed", totals.traffic(Traffic::Writes));
    text.zeros(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
    text.zeros(&["reply_buffer_shrinks", "reply_buffer_expands"]);
}

/// Of each command that was called. Its time is that of the calls that were timed, see [`slow`](crate::server): the others count as nothing in `usec`, and not in
/// `usec_per_call`.
pub(super) fn commands(facts: &Facts<'_>, text: &mut Text) {
    for command in Command::all() {
        let of = |which| facts.totals.command(command, which);
        let (calls, micros, timed) = (of(Tally::Calls), of(Tally::Micros), of(Tally::Timed));
        let (rejected, failed) = (of(Tally::Rejected), of(Tally::Failed));
        if calls + rejected == 0 {
            continue;
        }
        let each = micros as f64 / timed.max(1) as f64;
        let name = command.spec().name;
        text.line(format_args!(
            "cmdstat_{name}:calls={calls},usec={micros},usec_per_call={each:.2},rejected_calls={rejected},failed_calls={failed}"
        ));
    }
}

pub(super) fn errors(facts: &Facts<'_>, text: &mut Text) {
    for (code, count) in facts.totals.errors() {
        text.field(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}
