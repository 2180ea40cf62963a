internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor

/// Checks tactics of one region against its operator's definition: small regions in full by the
/// naive evaluation, contractions also at sampled coordinates, computed from the operands in double.
struct RegionVerifier {
  /// What is checked where a tactic passes.
  let coverage: Verification
  /// The probe that tactics are to run on; nil where nothing can be verified.
  let probe: RegionProbe?
  private let expected: [HostTensor]?
  private let samples: [ExpectedElement]

  /// The most products that the naive evaluation of a contraction may take, and the most elements
  /// that another operator may read and write.
  private static let productBudget = 60_000_000
  private static let elementBudget = 20_000_000

  /// A wrong element.
  struct Disagreement: Error {
    var reason: String
    var coordinates: [Int]?
    var found: Double?
    var expected: Double?
    var tolerance: Double?
  }

  /// Probes the region at the symbols' values, or at smaller ones where the naive evaluation would
  /// take too long and no element can be computed alone.
  init(_ region: Region, symbols: [String: Int]) {
    do { self = try Self.make(region, symbols, integerLimit: 2) } catch {
      // Zero is an index of every axis.
      let plain = try? Self.make(region, symbols, integerLimit: 1)
      self =
        plain
        ?? Self(coverage: .none(reason: error.reason), probe: nil, expected: nil, samples: [])
    }
  }

  private init(
    coverage: Verification, probe: RegionProbe?, expected: [HostTensor]?,
    samples: [ExpectedElement]
  ) {
    self.coverage = coverage
    self.probe = probe
    self.expected = expected
    self.samples = samples
  }

  private static func make(
    _ region: Region, _ symbols: [String: Int], integerLimit: UInt64
  ) throws(RegionProbe.Failure) -> Self {
    let probe = try RegionProbe(region, symbols: symbols, integerLimit: integerLimit)
    if isAffordable(probe) { return try full(probe) { .full(elements: $0) } }
    if probe.node.operation is any Contraction { return try sampled(probe) }
    let small = try RegionProbe(
      region, symbols: symbols.mapValues { min($0, 7) }, integerLimit: integerLimit)
    guard isAffordable(small) else {
      throw RegionProbe.Failure(reason: "it is too large for the naive evaluation")
    }
    return try full(small) { .reduced(elements: $0) }
  }

  private static func full(
    _ probe: RegionProbe, _ coverage: (Int) -> Verification
  ) throws(RegionProbe.Failure) -> Self {
    let results: [HostTensor]
    do { results = try ReferenceEvaluator(probe.graph).run(probe.inputs) } catch {
      throw RegionProbe.Failure(reason: "its definition refuses the probe data: \(error)")
    }
    return Self(
      coverage: coverage(results.reduce(0) { $0 + $1.count }), probe: probe, expected: results,
      samples: (try? samples(probe)) ?? [])
  }

  private static func sampled(_ probe: RegionProbe) throws(RegionProbe.Failure) -> Self {
    let elements: [ExpectedElement]
    do { elements = try samples(probe) } catch {
      throw RegionProbe.Failure(reason: "its elements cannot be computed alone: \(error)")
    }
    let total = probe.graph.type(probe.node.results[0]).elementCount ?? 0
    return Self(
      coverage: .samples(elements.count, of: total), probe: probe, expected: nil,
      samples: elements)
  }

  private static func samples(
    _ probe: RegionProbe
  ) throws(EvaluationError) -> [ExpectedElement] {
    guard let contraction = probe.node.operation as? any Contraction else { return [] }
    let type = probe.graph.type(probe.node.results[0])
    guard type.element.isFloatingPoint, let shape = type.fixedShape else {
      throw .unsupported("sampling a result \(type)")
    }
    return try contraction.expected(
      probe.operands, at: SampleCoordinates.choose(shape), of: type)
  }

  /// Whether the naive evaluation may be afforded.
  private static func isAffordable(_ probe: RegionProbe) -> Bool {
    let results = probe.node.results.map { probe.graph.type($0).elementCount }
    var written = 0
    for count in results {
      guard let count else { return probe.inputs.reduce(0) { $0 + $1.count } <= elementBudget }
      written += count
    }
    if let contraction = probe.node.operation as? any Contraction {
      let products = contraction.products(probe.operands.map { $0?.shape ?? [] })
      let (work, overflow) = products.multipliedReportingOverflow(by: written)
      return !overflow && work <= productBudget
    }
    return probe.inputs.reduce(written) { $0 + $1.count } <= elementBudget
  }

  /// Runs an engine of the probe and compares; what it finds is thrown.
  func check(_ engine: Engine) throws(Disagreement) {
    guard let probe else { return }
    let found: [HostTensor]
    do { found = try engine.makeSession().run(ordered: probe.inputs) } catch {
      throw Disagreement(reason: "fails: \(error)")
    }
    if let expected {
      for (want, have) in zip(expected, found) { try Self.compare(want, have) }
    }
    guard !samples.isEmpty, let result = found.first else { return }
    let type = probe.graph.type(probe.node.results[0])
    guard result.element == type.element, result.shape == type.fixedShape,
      let values = try? result.reals()
    else { throw Disagreement(reason: "gives \(result.type), expected \(type)") }
    let strides = rowMajorStrides(result.shape)
    for sample in samples {
      let value = values[zip(sample.coordinates, strides).reduce(0) { $0 + $1.0 * $1.1 }]
      guard sample.admits(value) else {
        throw .element(
          sample.coordinates, found: value, expected: sample.value, tolerance: sample.tolerance)
      }
    }
  }

  private static func compare(_ want: HostTensor, _ have: HostTensor) throws(Disagreement) {
    guard want.shape == have.shape, want.element == have.element else {
      throw Disagreement(reason: "gives \(have.type), expected \(want.type)")
    }
    guard let a = try? want.reals(), let b = try? have.reals() else {
      guard want.packedBytes == have.packedBytes else {
        throw Disagreement(reason: "results differ")
      }
      return
    }
    var tolerance = 0.0
    if want.element.isFloatingPoint {
      let scale = a.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) }
      tolerance = NumericalContract(want.element).relative * scale + 1e-6
    }
    for index in a.indices where a[index].isFinite {
      guard !((a[index] - b[index]).magnitude <= tolerance) else { continue }
      var coordinates: [Int] = []
      var rest = index
      for stride in rowMajorStrides(want.shape) {
        coordinates.append(rest / stride)
        rest %= stride
      }
      throw .element(coordinates, found: b[index], expected: a[index], tolerance: tolerance)
    }
  }
}

extension RegionVerifier.Disagreement {
  fileprivate static func element(
    _ coordinates: [Int], found: Double, expected: Double, tolerance: Double
  ) -> Self {
    Self(
      reason: "element \(coordinates) is \(Float(found)), expected \(Float(expected)) "
        + "within \(Float(tolerance))",
      coordinates: coordinates, found: found, expected: expected, tolerance: tolerance)
  }
}
