import ApusLoops
import ApusTensor
import Testing

@testable import ApusIR

/// Type rules and evaluations meet arbitrary fields and operands, as a damaged file may hold them:
/// they answer or throw, and never trap.
@Suite struct OperatorFuzzTests {
  @Test(arguments: allOperators.map { $0.name })
  func arbitraryNodes(name: String) throws {
    let type = try #require(operatorType(named: name))
    var random = SplitMix(seed: UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt($1) }))
    for _ in 0..<3000 {
      let fields = Self.fields(of: type, &random)
      guard let operation = Self.decode(type, fields) else { continue }
      let most = type.operandNames.count + 1
      let element = Self.elements.randomElement(using: &random)!
      let facts = (0..<Int.random(in: 0...most, using: &random)).map { _ in
        Self.fact(&random, element)
      }
      guard let results = try? infer(operation, facts) else { continue }
      for fact in results {
        if let contents = fact.contents, let count = fact.type.elementCount {
          #expect(contents.count == count, "\(name) \(fields) \(facts)")
        }
      }
      let tensors = facts.map { $0?.known }
      guard zip(facts, tensors).allSatisfy({ ($0 == nil) == ($1 == nil) }),
        results.allSatisfy({ ($0.type.elementCount ?? .max) < 100_000 })
      else { continue }
      _ = try? operation.evaluate(tensors, results.map(\.type))
    }
  }

  private static let elements: [ElementType] = [
    .float32, .float32, .int64, .int64, .bool, .string, .int4,
  ]

  private static func decode(
    _ type: any Operator.Type, _ fields: [(name: String, value: FieldValue)]
  ) -> (any Operator)? {
    func open<Kind: Operator>(_ kind: Kind.Type) -> (any Operator)? {
      try? kind.decode(fields).get()
    }
    return open(type)
  }

  /// Values of the fields' kinds, often extreme.
  private static func fields(
    of type: any Operator.Type, _ random: inout SplitMix
  ) -> [(name: String, value: FieldValue)] {
    var fields: [(name: String, value: FieldValue)] = []
    for (name, value) in type.init().fieldValues where Int.random(in: 0..<3, using: &random) > 0 {
      switch value {
      case .integer, .none: fields.append((name, .integer(integer(&random))))
      case .integers:
        fields.append((name, .integers(list(&random) { integer(&$0) })))
      case .flag: fields.append((name, .flag(Bool.random(using: &random))))
      case .real:
        fields.append((name, .real([0, -1, .nan, .infinity, 1e-5].randomElement(using: &random)!)))
      case .element:
        fields.append((name, .element(ElementType.allCases.randomElement(using: &random)!)))
      case .extents: fields.append((name, .extents(list(&random) { extent(&$0) })))
      default: break
      }
    }
    return fields
  }

  private static func list<Value>(
    _ random: inout SplitMix, _ make: (inout SplitMix) -> Value
  ) -> [Value] {
    let count = Int.random(in: 0...4, using: &random)
    return (0..<count).map { _ in make(&random) }
  }

  private static func integer(_ random: inout SplitMix) -> Int {
    let extremes = [Int.min, .max, Int.min + 1, 1 << 62, -(1 << 62), 1 << 33, 5, -5]
    return Bool.random(using: &random)
      ? Int.random(in: -2...3, using: &random) : extremes.randomElement(using: &random)!
  }

  private static func extent(_ random: inout SplitMix) -> Extent {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: .symbol("n")
    case 1: .symbol("n") * .symbol("m") - 1
    case 2: .fixed(integer(&random))
    default: .fixed(Int.random(in: 0...4, using: &random))
    }
  }

  private static func fact(
    _ random: inout SplitMix, _ common: ElementType
  ) -> Fact? {
    let element =
      Int.random(in: 0..<8, using: &random) == 0
      ? elements.randomElement(using: &random)! : common
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return nil
    case 1: return .unknown(element)
    case 2, 3:
      let extents = list(&random) { extent(&$0) }
      let valid = extents.allSatisfy { ($0.fixed ?? 0) >= 0 }
      return Fact(element, valid ? extents : [2])
    case 4, 5:
      let values = list(&random) { integer(&$0) }
      return Fact(constant: MovementProbe.tensor(values, [values.count]))
    case 6: return Fact(constant: MovementProbe.tensor([integer(&random)], []))
    default:
      let shape = list(&random) { Int.random(in: 0...3, using: &$0) }
      return Fact(constant: MovementProbe.iota(shape, as: element))
    }
  }
}
