#if Server
internal import ApusServing
internal import CoreMetrics
internal import Synchronization

/// The server's end of swift-metrics: what libraries count, measure and time, in Prometheus' text format.
///
/// Counters keep their kind; meters and recorders of last values become gauges, aggregating recorders summaries without
/// quantiles, and timers histograms in seconds.
final class PrometheusMetrics: MetricsFactory {
  enum Kind: String, Sendable { case counter, gauge, summary, histogram }

  /// The value of one label after the other, which name a sample of a family.
  private typealias Place = [Label]

  private struct Label: Hashable {
    let name: String
    let value: String
  }

  private struct Family {
    let kind: Kind
    var samples: [Place: any MetricSample] = [:]
  }

  private let families = Mutex<[String: Family]>([:])
  private let help: [String: String]

  /// `help` explains families by their names.
  init(help: [String: String] = [:]) { self.help = help }

  /// All families in the order of their names, samples in that of their labels.
  var text: String {
    let families = families.withLock { $0 }
    var writer = MetricsWriter()
    for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.samples.isEmpty {
      writer.begin(name, help[name], family.kind.rawValue)
      let samples = family.samples.map { place, sample in
        (labels: place.map { ($0.name, $0.value) }, sample: sample)
      }
      for (labels, sample) in samples.sorted(by: { Self.key($0.labels) < Self.key($1.labels) }) {
        sample.write(name, labels, to: &writer)
      }
    }
    return writer.text
  }

  private static func key(_ labels: [(String, String)]) -> String {
    labels.map { $0.0 + "\u{0}" + $0.1 }.joined(separator: "\u{0}")
  }

  // MARK: Making

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    sample(label, dimensions, .counter) { CountSample() }
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    sample(label, dimensions, .gauge) { GaugeSample() }
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate { return sample(label, dimensions, .summary) { SummarySample() } }
    return sample(label, dimensions, .gauge) { GaugeSample() }
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    sample(label, dimensions, .histogram) { TimeSample() }
  }

  /// The same for the same label and dimensions. One whose label is that of another kind counts for itself.
  private func sample<Sample: MetricSample>(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ make: () -> Sample
  ) -> Sample {
    let place = dimensions.map { Label(name: Self.name($0.0, isLabel: true), value: $0.1) }
    return families.withLock { families in
      var family = families[Self.name(label)] ?? Family(kind: kind)
      if let known = family.samples[place] as? Sample { return known }
      let made = make()
      guard family.kind == kind else { return made }
      family.samples[place] = made
      families[Self.name(label)] = family
      return made
    }
  }

  /// With `_` for what a name cannot hold (Prometheus' data model); a colon is for names of families only.
  private static func name(_ text: String, isLabel: Bool = false) -> String {
    var name = ""
    for character in text.unicodeScalars {
      let isLetter =
        ("a"..."z").contains(character) || ("A"..."Z").contains(character) || character == "_"
        || character == ":" && !isLabel
      let isDigit = ("0"..."9").contains(character)
      if isDigit, name.isEmpty { name += "_" }
      name.unicodeScalars.append(isLetter || isDigit ? character : "_")
    }
    return name.isEmpty ? "_" : name
  }

  // MARK: Forgetting

  func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
  func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
  func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
  func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

  private func forget(_ handler: AnyObject) {
    families.withLock { families in
      families = families.compactMapValues { family in
        var family = family
        family.samples = family.samples.filter { $0.value !== handler }
        return family.samples.isEmpty ? nil : family
      }
    }
  }
}
#endif
