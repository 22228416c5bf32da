//! The server as a whole: what it is, who is there, memory, dumps, processor time.

use super::system::{name, processor_time};
use super::{Facts, Text};
use crate::server::REDIS_VERSION;

pub(super) fn server(facts: &Facts<'_>, text: &mut Text) {
    let server = facts.server;
    let listens = &server.settings.listens;
    let uptime = facts.now.saturating_sub(server.since) / 1000;
    let program = std::env::current_exe().map(|path| path.display().to_string());
    text.field("redis_version", REDIS_VERSION);
    text.field("purekv_version", env!("CARGO_PKG_VERSION"));
    text.field("redis_git_sha1", "00000000");
    text.field("redis_git_dirty", 0);
    text.field("redis_build_id", 0);
    text.field("redis_mode", "standalone");
    text.field("os", name());
    text.field("arch_bits", usize::BITS);
    text.field("process_id", std::process::id());
    text.field("process_supervised", "no");
    text.field("run_id", &server.run_id);
    text.field("tcp_port", listens.port);
    // The milliseconds are all that is known.
    text.field("server_time_usec", facts.now.saturating_mul(1000));
    text.field("uptime_in_seconds", uptime);
    text.field("uptime_in_days", uptime / (24 * 3600));
    text.field("hz", 1);
    text.field("configured_hz", 1);
    text.field("lru_clock", facts.now / 1000 % (1 << 24));
    text.field("executable", program.unwrap_or_default());
    text.field("config_file", "");
    text.field("io_threads_active", u8::from(server.threads() > 1));
}

pub(super) fn clients(facts: &Facts<'_>, text: &mut Text) {
    let cards = facts.server.clients.all();
    let buffers: Vec<_> = cards.iter().map(|card| card.buffers()).collect();
    let most = |of: fn(&(u64, u64, u64)) -> u64| buffers.iter().map(of).max().unwrap_or(0);
    text.field("connected_clients", cards.len());
    text.field("cluster_connections", 0);
    text.field("maxclients", facts.server.live.max_clients.get());
    text.field("client_recent_max_input_buffer", most(|buffers| buffers.0));
    text.field("client_recent_max_output_buffer", most(|buffers| buffers.1));
    text.field("blocked_clients", cards.iter().filter(|card| card.is_held()).count());
    text.zeros(&["tracking_clients", "clients_in_timeout_table"]);
}

impl Facts<'_> {
    /// Bytes that are in use: those that the store counts, or, if it counts none, those that the process has.
    pub(super) fn used(&self) -> u64 {
        self.figures.used.unwrap_or(self.memory.resident)
    }
}

pub(super) fn memory(facts: &Facts<'_>, text: &mut Text) {
    let (figures, memory, used) = (&facts.figures, &facts.memory, facts.used());
    let peak = facts.server.peak(used);
    let part = |part: u64, of: u64| format!("{:.2}%", part as f64 / of.max(1) as f64 * 100.0);
    let buffers: u64 = facts.server.clients.all().iter().map(|card| card.buffers().2).sum();
    let ratio = memory.resident as f64 / used.max(1) as f64;
    text.bytes("used_memory", used);
    text.bytes("used_memory_rss", memory.resident);
    text.bytes("used_memory_peak", peak);
    text.field("used_memory_peak_perc", part(used, peak));
    text.field("used_memory_overhead", figures.overhead);
    text.field("used_memory_startup", 0);
    let data = used.saturating_sub(figures.overhead);
    text.field("used_memory_dataset", data);
    text.field("used_memory_dataset_perc", part(data, used));
    text.field("used_memory_rss_peak", memory.peak);
    text.bytes("total_system_memory", memory.machine);
    text.bytes("used_memory_lua", 0);
    text.zeros(&["number_of_cached_scripts", "number_of_functions", "number_of_libraries"]);
    text.bytes("used_memory_scripts", 0);
    text.bytes("maxmemory", figures.most.unwrap_or(0));
    text.field("maxmemory_policy", facts.server.policy());
    text.field("mem_fragmentation_ratio", format_args!("{ratio:.2}"));
    let apart = memory.resident.cast_signed() - used.cast_signed();
    text.field("mem_fragmentation_bytes", apart);
    text.zeros(&["mem_not_counted_for_evict", "mem_replication_backlog"]);
    text.zeros(&["mem_total_replication_buffers", "mem_clients_slaves"]);
    text.field("mem_clients_normal", buffers);
    text.zeros(&["mem_cluster_links", "mem_aof_buffer"]);
    text.field("mem_allocator", "system");
    text.field("active_defrag_running", 0);
    text.field("lazyfree_pending_objects", 0);
    text.field("retired_bytes", figures.retired);
}

pub(super) fn persistence(facts: &Facts<'_>, text: &mut Text) {
    let server = facts.server;
    let saved = server.dumps.status();
    let in_background = saved.began.filter(|_| saved.in_background);
    let seconds = |time: Option<u64>| time.map_or(-1, u64::cast_signed);
    let now = facts.now / 1000;
    text.field("loading", 0);
    text.zeros(&["async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"]);
    text.field("current_fork_perc", "0.00");
    text.zeros(&["current_save_keys_processed", "current_save_keys_total"]);
    text.field("rdb_changes_since_last_save", server.changes());
    text.field("rdb_bgsave_in_progress", u8::from(in_background.is_some()));
    text.field("rdb_last_save_time", saved.last);
    text.field("rdb_last_bgsave_status", if saved.error.is_some() { "err" } else { "ok" });
    text.field("rdb_last_bgsave_time_sec", seconds(saved.took));
    let current = in_background.map(|began| now.saturating_sub(began));
    text.field("rdb_current_bgsave_time_sec", seconds(current));
    text.field("rdb_saves", saved.completed);
    text.zeros(&["rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded"]);
    text.zeros(&["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"]);
    text.field("aof_last_rewrite_time_sec", -1);
    text.field("aof_current_rewrite_time_sec", -1);
    text.field("aof_last_bgrewrite_status", "ok");
    text.zeros(&["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    text.field("aof_last_write_status", "ok");
    text.zeros(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
    text.field("snapshot_keys_not_in_memory", facts.figures.cold);
}

pub(super) fn replication(facts: &Facts<'_>, text: &mut Text) {
    text.field("role", "master");
    text.field("connected_slaves", 0);
    text.field("master_failover_state", "no-failover");
    text.field("master_replid", &facts.server.run_id);
    text.field("master_replid2", "0".repeat(40));
    text.field("master_repl_offset", 0);
    text.field("second_repl_offset", -1);
    text.zeros(&["repl_backlog_active", "repl_backlog_size"]);
    text.zeros(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}

pub(super) fn processor(_: &Facts<'_>, text: &mut Text) {
    let names =
        ["used_cpu_sys", "used_cpu_user", "used_cpu_sys_children", "used_cpu_user_children"];
    for (name, seconds) in names.into_iter().zip(processor_time()) {
        text.field(name, format_args!("{seconds:.6}"));
    }
}

pub(super) fn keyspace(facts: &Facts<'_>, text: &mut Text) {
    let figures = &facts.figures;
    if figures.keys > 0 {
        // Records of deadlines may be some that are stale.
        let deadlines = figures.deadlines.min(figures.keys);
        let (keys, left) = (figures.keys, figures.mean_ttl);
        text.field("db0", format_args!("keys={keys},expires={deadlines},avg_ttl={left}"));
    }
}
