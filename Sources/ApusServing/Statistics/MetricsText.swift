internal import ApusServingSchema

/// The server's metrics in Prometheus' text format, with the names and labels of Triton's and, beyond
/// those, a histogram of every phase of a request.
enum MetricsText {
  static func text(of server: InferenceServer) -> String {
    var writer = MetricsWriter()
    let versions = server.repository.served.map { ($0, $0.statistics.current) }
    let labels = versions.map { Self.labels(of: $0.0) }
    counters(&writer, versions, labels, hasLatencies: server.options.metrics.hasLatencyCounters)
    if server.options.metrics.hasFirstResponseHistogram {
      firstResponses(&writer, versions, labels)
    }
    if server.options.metrics.hasSummaries {
      summaries(&writer, versions, labels, server.options.metrics.quantiles)
    }
    gauges(&writer, server, versions, labels)
    histograms(&writer, versions, labels)
    if let cache = server.cache { self.cache(&writer, cache, versions, labels) }
    ProcessMetrics.write(&writer)
    return writer.text
  }

  private typealias Version = (ServedVersion, ModelStatistics.Counters)

  private static func labels(of version: ServedVersion) -> [(String, String)] {
    [("model", version.name), ("version", "\(version.version)")]
      + version.config.metricTags.sorted { $0.key < $1.key }.map { ("_" + $0.key, $0.value) }
  }

  /// A counter with a sample for each version.
  private struct Family {
    let name: String
    let help: String
    let value: @Sendable (ModelStatistics.Counters) -> UInt64
  }

  private static let successes = Family(
    name: "nv_inference_request_success",
    help: "Number of successful inference requests, all batch sizes", value: { $0.success.count })

  private static let counts = [
    Family(
      name: "nv_inference_count",
      help: "Number of inferences performed (does not include cached requests)",
      value: { $0.inferences }),
    Family(
      name: "nv_inference_exec_count",
      help: "Number of model executions performed (does not include cached requests)",
      value: { $0.executions }),
  ]

  private static let latencies = [
    Family(
      name: "nv_inference_request_duration_us",
      help: "Cumulative inference request duration in microseconds (includes cached requests)",
      value: { $0.success.nanoseconds / 1000 }),
    Family(
      name: "nv_inference_queue_duration_us",
      help: "Cumulative inference queuing duration in microseconds (includes cached requests)",
      value: { $0.queue.nanoseconds / 1000 }),
    Family(
      name: "nv_inference_compute_input_duration_us",
      help: "Cumulative compute input duration in microseconds (does not include cached requests)",
      value: { $0.input.nanoseconds / 1000 }),
    Family(
      name: "nv_inference_compute_infer_duration_us",
      help: "Cumulative compute inference duration in microseconds "
        + "(does not include cached requests)",
      value: { $0.infer.nanoseconds / 1000 }),
    Family(
      name: "nv_inference_compute_output_duration_us",
      help: "Cumulative inference compute output duration in microseconds "
        + "(does not include cached requests)",
      value: { $0.output.nanoseconds / 1000 }),
  ]

  private static func counters(
    _ writer: inout MetricsWriter, _ versions: [Version], _ labels: [[(String, String)]],
    hasLatencies: Bool
  ) {
    func write(_ family: Family) {
      writer.begin(family.name, family.help, "counter")
      for ((_, counters), labels) in zip(versions, labels) {
        writer.sample(family.name, labels, family.value(counters))
      }
    }
    write(successes)
    let failures = "nv_inference_request_failure"
    writer.begin(failures, "Number of failed inference requests, all batch sizes", "counter")
    for ((_, counters), labels) in zip(versions, labels) {
      for reason in FailureReason.allCases {
        writer.sample(
          failures, labels + [("reason", reason.rawValue)], counters.failures[reason] ?? 0)
      }
    }
    counts.forEach(write)
    if hasLatencies { latencies.forEach(write) }
  }

  private static func firstResponses(
    _ writer: inout MetricsWriter, _ versions: [Version], _ labels: [[(String, String)]]
  ) {
    let name = "nv_inference_first_response_histogram_ms"
    writer.begin(name, "Duration from request to first response in milliseconds", "histogram")
    for ((version, counters), labels) in zip(versions, labels) {
      let own = version.config.modelMetrics.metricControl.first {
        $0.metricIdentifier.family == name
      }
      let bounds = own?.histogramOptions.buckets ?? []
      writer.histogram(
        name, labels, counters.firstResponseHistogram,
        milliseconds: bounds.isEmpty ? [100, 500, 2000, 5000] : bounds)
    }
  }

  private static func summaries(
    _ writer: inout MetricsWriter, _ versions: [Version], _ labels: [[(String, String)]],
    _ quantiles: [Double]
  ) {
    let phases: [(String, (ModelStatistics.Counters) -> Histogram)] = [
      ("request", { $0.requestHistogram }), ("queue", { $0.queueHistogram }),
      ("compute_input", { $0.inputHistogram }), ("compute_infer", { $0.inferHistogram }),
      ("compute_output", { $0.outputHistogram }),
    ]
    for (phase, histogram) in phases {
      let name = "nv_inference_\(phase)_summary_us"
      writer.begin(name, "Summary of inference \(phase) duration in microseconds", "summary")
      for ((_, counters), labels) in zip(versions, labels) {
        let histogram = histogram(counters)
        for quantile in quantiles {
          writer.sample(
            name, labels + [("quantile", "\(quantile)")],
            Double(histogram.quantile(quantile)) / 1000)
        }
        writer.sample(name + "_sum", labels, Double(histogram.sum) / 1000)
        writer.sample(name + "_count", labels, histogram.total)
      }
    }
  }

  private static func gauges(
    _ writer: inout MetricsWriter, _ server: InferenceServer, _ versions: [Version],
    _ labels: [[(String, String)]]
  ) {
    writer.begin(
      "nv_inference_pending_request_count",
      "Instantaneous number of pending requests awaiting execution per-model.", "gauge")
    for ((version, _), labels) in zip(versions, labels) {
      writer.sample(
        "nv_inference_pending_request_count", labels, UInt64(max(version.pendingCount, 0)))
    }
    writer.begin("nv_model_load_duration_secs", "Model load time in seconds", "gauge")
    for ((version, _), labels) in zip(versions, labels) {
      writer.sample(
        "nv_model_load_duration_secs", labels, Double(version.loadNanoseconds) / 1e9)
    }
    writer.begin("apus_model_memory_bytes", "Bytes of weights that a model holds", "gauge")
    for ((version, _), labels) in zip(versions, labels) {
      writer.sample("apus_model_memory_bytes", labels, UInt64(max(version.memoryByteCount, 0)))
    }
    writer.begin("apus_ready", "Whether the server is ready for requests", "gauge")
    writer.sample("apus_ready", [], UInt64(server.isReady ? 1 : 0))
  }

  private static func histograms(
    _ writer: inout MetricsWriter, _ versions: [Version], _ labels: [[(String, String)]]
  ) {
    let phases: [(String, String, (ModelStatistics.Counters) -> Histogram)] = [
      ("request", "from the first byte to the answer", { $0.requestHistogram }),
      ("queue", "in the queue", { $0.queueHistogram }),
      ("compute_input", "joining inputs", { $0.inputHistogram }),
      ("compute_infer", "running the model", { $0.inferHistogram }),
      ("compute_output", "cutting outputs", { $0.outputHistogram }),
      ("first_response", "to the first response", { $0.firstResponseHistogram }),
    ]
    for (name, help, histogram) in phases {
      let family = "apus_inference_\(name)_seconds"
      writer.begin(family, "Time of requests \(help)", "histogram")
      for ((_, counters), labels) in zip(versions, labels) {
        writer.histogram(family, labels, histogram(counters))
      }
    }
    writer.begin(
      "apus_inference_batch_size", "Executions by the size of their batch", "counter")
    for ((_, counters), labels) in zip(versions, labels) {
      for (size, batch) in counters.batches.sorted(by: { $0.key < $1.key }) {
        writer.sample(
          "apus_inference_batch_size", labels + [("size", "\(size)")], batch.infer.count)
      }
    }
  }

  private static func cache(
    _ writer: inout MetricsWriter, _ cache: ResponseCache, _ versions: [Version],
    _ labels: [[(String, String)]]
  ) {
    let perModel: [(String, String, (ModelStatistics.Counters) -> UInt64)] = [
      ("nv_cache_num_hits_per_model", "Number of cache hits per model", { $0.cacheHit.count }),
      ("nv_cache_num_misses_per_model", "Number of cache misses per model", { $0.cacheMiss.count }),
      (
        "nv_cache_hit_duration_per_model", "Total cache hit duration per model, in microseconds",
        { $0.cacheHit.nanoseconds / 1000 }
      ),
      (
        "nv_cache_miss_duration_per_model", "Total cache miss duration per model, in microseconds",
        { $0.cacheMiss.nanoseconds / 1000 }
      ),
    ]
    for (name, help, value) in perModel {
      writer.begin(name, help, "counter")
      for ((version, counters), labels) in zip(versions, labels)
      where version.config.responseCache.enable {
        writer.sample(name, labels, value(counters))
      }
    }
    let counters = cache.counters
    let whole: [(String, String, UInt64)] = [
      (
        "nv_cache_num_entries", "Number of responses stored in response cache",
        UInt64(counters.entries)
      ),
      ("nv_cache_num_lookups", "Number of cache lookups in response cache", counters.lookups),
      ("nv_cache_num_hits", "Number of cache hits in response cache", counters.hits),
      ("nv_cache_num_misses", "Number of cache misses in response cache", counters.misses),
      ("nv_cache_num_evictions", "Number of cache evictions in response cache", counters.evictions),
      (
        "nv_cache_lookup_duration", "Total cache lookup duration (hit and miss), in microseconds",
        counters.lookupNanoseconds / 1000
      ),
      (
        "nv_cache_insertion_duration", "Total cache insertion duration, in microseconds",
        counters.insertionNanoseconds / 1000
      ),
    ]
    for (name, help, value) in whole {
      writer.begin(name, help, "gauge")
      writer.sample(name, [], value)
    }
    writer.begin("nv_cache_util", "Cache utilization [0.0 - 1.0]", "gauge")
    writer.sample(
      "nv_cache_util", [], Double(counters.usedBytes) / Double(max(cache.capacity, 1)))
  }
}
