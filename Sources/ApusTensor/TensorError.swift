/// What can go wrong with tensors and tensor files.
package enum TensorError: Error, Hashable, Sendable {
  case outOfMemory(byteCount: Int)
  case tooLarge(element: ElementType, shape: [Int])
  /// The data holds another number of bytes than the shape asks for.
  case sizeMismatch(element: ElementType, shape: [Int], expectedBytes: Int, foundBytes: Int)
  case elementCount(expected: Int, found: Int)
  /// The operation has no meaning for this element type.
  case unsupportedElement(ElementType, operation: String)
  /// A file of tensors does not follow its format; the offset counts bytes from its start.
  case malformed(format: String, reason: String, offset: Int)
  case file(path: String, reason: String)
}

extension TensorError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .outOfMemory(let count): "cannot allocate \(count) bytes"
    case .tooLarge(let element, let shape):
      "a tensor \(element.name)\(shape) does not fit the address space"
    case .sizeMismatch(let element, let shape, let expected, let found):
      "a tensor \(element.name)\(shape) needs \(expected) bytes, found \(found)"
    case .elementCount(let expected, let found): "expected \(expected) elements, found \(found)"
    case .unsupportedElement(let element, let operation):
      "\(operation) is not defined for elements of type \(element.name)"
    case .malformed(let format, let reason, let offset):
      "not a valid \(format): \(reason) (at byte \(offset))"
    case .file(let path, let reason): "\(path): \(reason)"
    }
  }
}
