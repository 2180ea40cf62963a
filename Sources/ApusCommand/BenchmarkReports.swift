internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import Foundation

/// trtexec's JSON exports.
enum BenchmarkReports {
  static func json(_ object: Any) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  static func write(_ text: String, to path: String) throws {
    do { try FileSystem.write(Array(text.utf8), to: path) } catch {
      throw ApusError(.invalidInput, error.description, location: path)
    }
  }

  static func exportTimes(_ times: [QueryTime], to path: String) throws {
    let rows = times.map { time -> [String: Double] in
      [
        "startEnqMs": time.start, "endEnqMs": time.start, "startH2dMs": time.start,
        "endH2dMs": time.start, "startComputeMs": time.start, "endComputeMs": time.end,
        "startD2hMs": time.end, "endD2hMs": time.end, "h2dMs": 0, "computeMs": time.compute,
        "d2hMs": 0, "latencyMs": time.compute,
      ]
    }
    try write(try json(rows), to: path)
  }

  static func exportOutputs(_ outputs: [(String, HostTensor)], to path: String) throws {
    let rows = outputs.map { name, tensor -> [String: Any] in
      [
        "name": name, "dimensions": tensor.shape.map(String.init).joined(separator: "x"),
        "values": ((try? tensor.reals()) ?? []).map { $0.isFinite ? $0 as Any : "\($0)" },
      ]
    }
    try write(try json(rows), to: path)
  }

  static func exportProfile(_ rows: [LayerRow], runs: Int, to path: String) throws {
    var list: [[String: Any]] = [["count": runs]]
    list += rows.map {
      [
        "name": $0.name, "timeMs": $0.total, "averageMs": $0.average, "medianMs": $0.median,
        "percentage": $0.share,
      ]
    }
    try write(try json(list), to: path)
  }
}

/// The time of one layer over profiled runs.
struct LayerRow {
  let name: String
  let total: Double
  let average: Double
  let median: Double
  let share: Double

  /// A row per node in execution order; the kernels of a node are added up.
  static func rows(_ profile: LayerProfile, _ plan: Plan, runs: Int) -> [LayerRow] {
    let layers = plan.graph.nodes.compactMap { node -> (String, [Double])? in
      guard let samples = profile.samples[node.id], !samples.isEmpty else { return nil }
      let kernels = max(samples.count / max(runs, 1), 1)
      let perRun = stride(from: 0, to: samples.count, by: kernels).map { start in
        Double(samples[start..<min(start + kernels, samples.count)].reduce(0, +)) / 1e6
      }
      let label = node.name.isEmpty ? node.operation.name : "\(node.operation.name) \(node.name)"
      return (label, perRun)
    }
    let all = layers.reduce(0) { $0 + $1.1.reduce(0, +) }
    return layers.map { name, times in
      let total = times.reduce(0, +)
      let sorted = times.sorted()
      return LayerRow(
        name: name, total: total, average: total / Double(max(runs, 1)),
        median: sorted[sorted.count / 2], share: all > 0 ? total / all * 100 : 0)
    }
  }

  static func text(_ rows: [LayerRow], runs: Int) -> [String] {
    func line(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ name: String) -> String {
      String(format: "%12.2f %12.4f %12.4f %10.1f   ", a, b, c, d) + name
    }
    var lines = ["=== Profile (\(runs) iterations ) ==="]
    lines.append("    Time(ms)     Avg.(ms)   Median(ms)   Time(%)   Layer")
    lines += rows.map { line($0.total, $0.average, $0.median, $0.share, $0.name) }
    lines.append(
      line(
        rows.reduce(0) { $0 + $1.total }, rows.reduce(0) { $0 + $1.average },
        rows.reduce(0) { $0 + $1.median }, 100, "Total"))
    return lines
  }
}
