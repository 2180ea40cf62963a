internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform
internal import Foundation
internal import Synchronization

/// Runs queries on one or more sessions at once and records their times.
struct BenchmarkQueries {
  let engine: Engine
  let inputs: [HostTensor]
  let options: SessionOptions

  /// Runs each stream for `seconds`, and all together at least `count` queries.
  func run(
    streams: Int, seconds: Double, atLeast count: Int
  ) throws -> (times: [QueryTime], wall: Double) {
    let start = apus_clock_monotonic()
    let share = (count + max(streams, 1) - 1) / max(streams, 1)
    let results = StreamResults()
    let stream: @Sendable () -> Void = {
      self.stream(since: start, seconds: seconds, share: share, into: results)
    }
    if streams <= 1 {
      stream()
    } else {
      let group = DispatchGroup()
      for _ in 0..<streams { DispatchQueue.global().async(group: group, execute: stream) }
      group.wait()
    }
    let wall = Double(apus_clock_monotonic() - start) / 1e9
    if let failure = results.failure { throw Models.boundary(failure, engine.plan.graph.name) }
    return (results.times.sorted { $0.start < $1.start }, wall)
  }

  private func stream(since start: UInt64, seconds: Double, share: Int, into results: StreamResults) {
    let session = engine.makeSession(options)
    var times: [QueryTime] = []
    while true {
      let begin = apus_clock_monotonic()
      if times.count >= share, Double(begin - start) / 1e9 >= seconds { break }
      do { _ = try session.run(ordered: inputs) } catch {
        results.fail(error)
        break
      }
      let end = apus_clock_monotonic()
      times.append(QueryTime(start: Double(begin - start) / 1e6, end: Double(end - start) / 1e6))
    }
    results.add(times)
  }
}

/// What streams report, from any thread.
private final class StreamResults: Sendable {
  private let state = Mutex<([QueryTime], RuntimeError?)>(([], nil))

  var times: [QueryTime] { state.withLock { $0.0 } }
  var failure: RuntimeError? { state.withLock { $0.1 } }
  func add(_ times: [QueryTime]) { state.withLock { $0.0 += times } }
  func fail(_ error: RuntimeError) { state.withLock { $0.1 = error } }
}

/// Inputs for a benchmark: from raw files, else random.
struct BenchmarkInputs {
  let values: [HostTensor]

  init(_ engine: Engine, shapes: String?, files: [String]) throws {
    let given = try ShapeSpecification(shapes ?? "").shapes
    let known = engine.inputs.map(\.name)
    for name in given.keys where !known.contains(name) {
      throw ApusError(
        .invalidInput, "there is no input '\(name)'",
        hint: "the inputs are \(known.joined(separator: ", "))")
    }
    var paths: [String: String] = [:]
    for entry in files.flatMap({ $0.split(separator: ",") }) {
      guard let colon = entry.firstIndex(of: ":") else {
        throw ApusError(.invalidInput, "cannot read --loadInputs=\(entry)", hint: "write name:file")
      }
      let name = entry[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "'"))
      paths[name] = String(entry[entry.index(after: colon)...])
    }
    var generator = SystemRandomNumberGenerator()
    values = try engine.inputs.map { name, type in
      let shape = try Self.shape(name, type, given, engine.plan.profiles.first?.inputs[name]?.optimum)
      if let path = paths[name] { return try Self.load(path, type.element, shape) }
      Log.info("Using random values for input \(name)")
      let count = shape.reduce(1, *)
      switch type.element.arithmetic {
      case .real:
        let numbers = (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
        return try HostTensor(type.element, shape: shape, .real(numbers))
      default:
        let numbers = (0..<count).map { _ in Int64.random(in: 0...1, using: &generator) }
        return try HostTensor(type.element, shape: shape, .signed(numbers))
      }
    }
  }

  private static func shape(
    _ name: String, _ type: TensorType, _ given: [String: [Int]], _ optimum: [Int]?
  ) throws -> [Int] {
    if let shape = given[name] ?? type.fixedShape ?? optimum { return shape }
    guard let extents = type.extents else {
      throw ApusError(
        .invalidInput, "input '\(name)' has no known rank", hint: "give --shapes=\(name):…")
    }
    Log.warning("Dynamic dimensions of input \(name) are set to 1; give --shapes to choose them.")
    return extents.map { $0.fixed ?? 1 }
  }

  private static func load(
    _ path: String, _ element: ElementType, _ shape: [Int]
  ) throws -> HostTensor {
    do {
      return try HostTensor(element, shape: shape, bytes: try MappedFile(path: path).range.array)
    } catch { throw ApusError(.invalidInput, "\(error)", location: path) }
  }
}
