import ApusTensor
import Testing

@testable import ApusIR

/// Short forms for tests of operators that move data.
enum MovementProbe {
  static func vector(_ values: [Int], as element: ElementType = .int64) -> HostTensor {
    tensor(values, [values.count], as: element)
  }

  /// Integers under a shape, in any element type; strings get decimal text.
  static func tensor(
    _ values: [Int], _ shape: [Int], as element: ElementType = .int64
  ) -> HostTensor {
    do {
      switch element.arithmetic {
      case .text: return try HostTensor(texts: values.map(String.init), shape: shape)
      case .complex:
        return try HostTensor(
          element, shape: shape, .complex(values.map { Complex(Double($0), -Double($0)) }))
      default: return try HostTensor(element, shape: shape, .signed(values.map(Int64.init)))
      }
    } catch { fatalError("\(error)") }
  }

  static func iota(_ shape: [Int], as element: ElementType = .int64) -> HostTensor {
    tensor(Array(0..<shape.reduce(1, *)), shape, as: element)
  }

  /// Infers with everything known and evaluates.
  static func run(
    _ operation: any Operator, _ operands: [HostTensor?]
  ) throws -> [HostTensor] {
    let facts = try infer(operation, operands.map { $0.map(Fact.init(constant:)) })
    let results = try operation.evaluate(operands, facts.map(\.type))
    #expect(results.map(\.type) == facts.map(\.type))
    // What inference says about contents agrees with evaluation.
    for (fact, result) in zip(facts, results) {
      if let contents = fact.contents {
        #expect(contents.map(\.fixed) == (try result.integers()).map(Optional.some))
      }
    }
    return results
  }

  static func type(_ operation: any Operator, _ facts: [Fact?]) throws -> TensorType {
    try infer(operation, facts)[0].type
  }

  /// A float tensor of which the type is known.
  static func value(_ extents: [Extent], _ element: ElementType = .float32) -> Fact {
    Fact(element, extents)
  }

  static func unranked(_ element: ElementType = .float32) -> Fact { .unknown(element) }

  /// An int64 vector of known contents.
  static func known(_ contents: [Extent]) -> Fact {
    Fact(TensorType(.int64, [.fixed(contents.count)]), contents: contents)
  }

  /// An int64 vector of unknown contents.
  static func unknown(_ count: Int) -> Fact { Fact(.int64, [.fixed(count)]) }

  static let batch = Extent.symbol("batch")
  static let sequence = Extent.symbol("sequence")
  static let past = Extent.symbol("past")

  /// Element types whose codes hold 0 … 3.
  static let smallElements = ElementType.allCases.filter { $0 != .float8e8m0 && $0 != .bool }
    .filter { $0 != .int2 }
}
