import ApusIR
import ApusTensor

/// Evaluates graphs in their textual form over values of any kind.
enum ValueProbe {
  static func real(_ values: [Double], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.float32, shape: shape, .real(values))
  }

  static func whole(_ values: [Int64], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.int64, shape: shape, .signed(values))
  }

  static func truth(_ value: Bool) throws -> HostTensor {
    try HostTensor(.bool, shape: [], .boolean([value]))
  }

  static func floats(_ values: [HostTensor]) -> HostValue {
    .sequence(values.map(HostValue.tensor), of: ValueType(.float32, .unranked))
  }

  /// Runs the graph, after checking that its text and its bytes round-trip.
  static func run(_ text: String, _ inputs: [HostValue]) throws -> [HostValue] {
    let graph = try Graph(text: text)
    guard try Graph(text: graph.description).description == graph.description else {
      throw Failure.textDiffers
    }
    var writer = ByteWriter()
    graph.encode(into: &writer) { _, _ in 0 }
    var reader = ByteReader(writer.bytes)
    let decoded = try Graph.decode(from: &reader) { _ throws(TensorError) in
      throw .malformed(format: "graph", reason: "a weight apart", offset: 0)
    }
    guard decoded.description == graph.description else { throw Failure.bytesDiffer }
    return try ReferenceEvaluator(graph).run(values: inputs)
  }

  static func tensors(_ value: HostValue) -> [[Double]] {
    switch value {
    case .tensor(let tensor): [(try? tensor.reals()) ?? []]
    case .sequence(let values, _), .map(_, let values, _): values.flatMap(tensors)
    case .optional(let value, _): value.map(tensors) ?? []
    }
  }

  enum Failure: Error { case textDiffers, bytesDiffer }
}
