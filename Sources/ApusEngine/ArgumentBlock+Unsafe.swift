/// Owns the memory of a kernel's argument struct and of the arrays that it points to.
package final class ArgumentBlock: @unchecked Sendable {
  private var blocks: [UnsafeMutableRawPointer] = []
  package private(set) var address: UnsafeRawPointer?

  package init() {}

  /// Copies a trivial struct in; its address is what the kernel gets.
  @discardableResult
  package func store<Arguments>(_ arguments: Arguments) -> UnsafePointer<Arguments> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(MemoryLayout<Arguments>.stride, 1),
      alignment: max(MemoryLayout<Arguments>.alignment, 16))
    let typed = memory.initializeMemory(as: Arguments.self, repeating: arguments, count: 1)
    blocks.append(memory)
    address = UnsafeRawPointer(memory)
    return UnsafePointer(typed)
  }

  /// Copies an array of trivial elements that the arguments will point to.
  package func array<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(elements.count * MemoryLayout<Element>.stride, 1),
      alignment: max(MemoryLayout<Element>.alignment, 16))
    let typed = memory.bindMemory(to: Element.self, capacity: max(elements.count, 1))
    for (index, element) in elements.enumerated() { (typed + index).initialize(to: element) }
    blocks.append(memory)
    return UnsafePointer(typed)
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}

/// Writes numbers into an imported fixed-size C array; what does not fit is dropped.
package func fill<Tuple>(_ tuple: inout Tuple, _ values: [Int]) {
  withUnsafeMutableBytes(of: &tuple) { bytes in
    let capacity = bytes.count / MemoryLayout<Int64>.stride
    for (index, value) in values.prefix(capacity).enumerated() {
      bytes.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
  }
}
