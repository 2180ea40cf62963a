internal import Apus
internal import ApusTensor

/// trtexec's JSON exports.
enum BenchmarkExports {
  static func write(_ text: String, to path: String) throws(ApusError) {
    do { try FileSystem.write(Array((text + "\n").utf8), to: path) } catch {
      throw ApusError(.invalidInput, error.description, location: path)
    }
  }

  static func times(_ times: [QueryTime], to path: String) throws(ApusError) {
    try write(Self.times(times).description, to: path)
  }

  static func times(_ times: [QueryTime]) -> JSON {
    .list(
      times.map { time in
        let start = JSON.number(time.start)
        let end = JSON.number(time.end)
        let latency = JSON.number(time.compute)
        return .object([
          "startEnqMs": start, "endEnqMs": start, "startH2dMs": start, "endH2dMs": start,
          "startComputeMs": start, "endComputeMs": end, "startD2hMs": end, "endD2hMs": end,
          "h2dMs": .integer(0), "computeMs": latency, "d2hMs": .integer(0), "latencyMs": latency,
        ])
      })
  }

  static func outputs(
    _ outputs: [(name: String, tensor: HostTensor)], to path: String
  ) throws(ApusError) {
    let rows = outputs.map { output -> JSON in
      .object([
        "name": .text(output.name), "dimensions": .text(output.tensor.shape.dimensions),
        "values": values(output.tensor),
      ])
    }
    try write(JSON.list(rows).description, to: path)
  }

  private static func values(_ tensor: HostTensor) -> JSON {
    switch try? tensor.elements() {
    case .signed(let values)?: .list(values.map { .integer(Int($0)) })
    case .boolean(let values)?: .list(values.map(JSON.boolean))
    case .text(let values)?: .texts(values)
    default: .list(((try? tensor.reals()) ?? []).map(JSON.number))
    }
  }

  static func profile(_ rows: [LayerTimes], runs: Int, to path: String) throws(ApusError) {
    var list: [JSON] = [.object(["count": .integer(runs)])]
    list += rows.map {
      .object([
        "name": .text($0.name), "timeMs": .number($0.total), "averageMs": .number($0.average),
        "medianMs": .number($0.median), "percentage": .number($0.share),
      ])
    }
    try write(JSON.list(list).description, to: path)
  }
}
