package import ApusTensor

/// Reads packed bytes as narrower elements: the low bits of a byte come first.
///
/// Operand `data`: uint8 [..., n]; the result is [..., n · 8 / width] of a 2- or 4-bit type, with the
/// same bytes.
package struct Unpack: Operator {
  package static let name = "unpack"
  package static let operandNames = ["data"]
  package static var fields: [Field<Self>] { [Field("element", \.element)] }

  package var element = ElementType.uint4

  package init() {}
  package init(as element: ElementType) { self.element = element }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(0, element: [.uint8])
    guard [2, 4].contains(element.bitWidth) else {
      throw .invalid(field: "element", reason: "\(element.name) does not pack into bytes")
    }
    guard var extents = data.type.extents else { return [.unknown(element)] }
    guard let last = extents.popLast() else {
      throw .rank(operand: "data", found: 0, expected: "1 or more")
    }
    return [Fact(element, extents + [last * .fixed(8 / element.bitWidth)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let bytes = try operands.tensor(0).decodedIntegers().map { UInt8(truncatingIfNeeded: $0) }
    do {
      return [try HostTensor(element, shape: try results.fixedShape(0), bytes: bytes)]
    } catch let error as EvaluationError { throw error } catch let error as TensorError {
      throw .tensor(error)
    } catch { throw .unsupported("\(error)") }
  }
}
