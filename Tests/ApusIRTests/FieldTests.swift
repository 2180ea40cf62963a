import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct FieldTests {
  @Test func namesAreUnique() {
    #expect(Set(allOperators.map { $0.name }).count == allOperators.count)
    for type in allOperators {
      let names = type.init().fieldValues.map(\.name)
      #expect(Set(names).count == names.count)
      #expect(!type.operandNames.isEmpty || type.name == Extents.name, "\(type.name)")
    }
  }

  /// Every field takes a value other than its default, and everything reads back. Of names and bodies
  /// those are tried that the lists below hold.
  @Test(arguments: allOperators.map { $0.name })
  func roundTrip(name: String) throws {
    let type = try #require(operatorType(named: name))
    try open(type)
  }

  private func open<Kind: Operator>(_ type: Kind.Type) throws {
    let defaults = Kind().fieldValues
    #expect(try Kind.decode(defaults).get().isEqual(to: Kind()))
    #expect(try Kind.decode([]).get().isEqual(to: Kind()))
    var changed: [(name: String, value: FieldValue)] = []
    for (name, value) in defaults {
      let other = Self.candidates.first {
        $0 != value && (try? Kind.decode([(name, $0)]).get()) != nil
      }
      guard let other else {
        switch value {
        case .integer, .integers, .real, .reals, .flag:
          Issue.record("no other value for \(Kind.name).\(name)")
        default: changed.append((name, value))
        }
        continue
      }
      changed.append((name, other))
      let single = try Kind.decode([(name, other)]).get()
      #expect(!single.isEqual(to: Kind()), "\(Kind.name).\(name)")
    }
    let operation = try Kind.decode(changed).get()
    #expect(operation.fieldValues.map(\.value) == changed.map(\.value))
    let copy = try Kind.decode(operation.fieldValues).get()
    #expect(copy.isEqual(to: operation))
    #expect(Self.hash(copy) == Self.hash(operation))
  }

  private static let candidates: [FieldValue] =
    [
      // Before the integers, which such fields take too.
      .real(0.25), .reals([0.5]), .extents([.symbol("n") + 1, 2]), .integer(3),
      .integers([1, 0, 2]), .flag(true), .flag(false), .texts(["a"]), .element(.int8),
      .program(.empty), .type(.sequence(ValueType(.int64, [2]))), .body(body),
      .named([.init("a", .integer(1)), .init("t", .operand(2))]),
    ] + vocabulary.map(FieldValue.text)
    + [
      try? FieldValue.program(Program(text: "(f32) { operand 0; relu 0 } -> 1:f32"))
    ].compactMap { $0 }

  private static let vocabulary: [String] =
    UnaryFunction.allCases.map(\.rawValue) + BinaryFunction.allCases.map(\.rawValue) + [
      ReduceKind.logSumExp.rawValue, PoolKind.average.rawValue, ScaleRounding.down.rawValue,
      ConvolutionPadding.sameLower.rawValue, ResizeMode.cubic.rawValue,
      ResizeTransform.asymmetric.rawValue, ResizeAspect.notLarger.rawValue, PadMode.edge.rawValue,
      SamplePadding.border.rawValue, TrigonometricFunction.acos.rawValue,
      RandomDistribution.normal.rawValue, RecurrentCell.gru.rawValue,
      RecurrentDirection.reverse.rawValue, "lower",
    ] + PixelFormat.allCases.map(\.rawValue) + NGramWeighting.allCases.map(\.rawValue)
    + KernelFunction.allCases.map(\.rawValue) + ScoreFunction.allCases.map(\.rawValue)
    + SecondScore.allCases.map(\.rawValue)

  private static let body: Body = {
    var graph = Graph(name: "body")
    graph.addOutput("x", graph.addInput("x", TensorType(.float32, [2])))
    return Body(graph)
  }()

  private static func hash(_ operation: any Operator) -> Int {
    var hasher = Hasher()
    operation.hash(into: &hasher)
    return hasher.finalize()
  }

  @Test func errors() {
    #expect(throws: FieldDecodingError.unknownField(operator: "softmax", field: "size")) {
      try Softmax.decode([("size", .integer(1))]).get()
    }
    #expect(throws: FieldDecodingError.badValue(operator: "softmax", field: "axis")) {
      try Softmax.decode([("axis", .text("1"))]).get()
    }
    #expect(throws: FieldDecodingError.badValue(operator: "pool", field: "kind")) {
      try Pool.decode([("kind", .text("median"))]).get()
    }
    #expect(throws: FieldDecodingError.badValue(operator: "reduce", field: "kind")) {
      try Reduce.decode([("kind", .none)]).get()
    }
  }

  /// Integers stand for reals and fixed extents where a text leaves the kind open.
  @Test func integersWiden() throws {
    #expect(try BatchNormalization.decode([("epsilon", .integer(1))]).get().epsilon == 1)
    #expect(try Extents.decode([("extents", .integers([2, 3]))]).get().extents == [2, 3])
  }
}
