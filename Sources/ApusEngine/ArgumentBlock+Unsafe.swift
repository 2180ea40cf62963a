/// Owns the memory of a kernel's argument struct and of the arrays that it points to.
@safe package final class ArgumentBlock: @unchecked Sendable {
  private var blocks: [UnsafeMutableRawPointer] = unsafe []
  package private(set) var address: UnsafeRawPointer?

  package init() {}

  /// Copies a trivial struct in; its address is what the kernel gets.
  @discardableResult
  package func store<Arguments>(_ arguments: Arguments) -> UnsafePointer<Arguments> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(MemoryLayout<Arguments>.stride, 1),
      alignment: max(MemoryLayout<Arguments>.alignment, 16))
    let typed = unsafe memory.initializeMemory(as: Arguments.self, repeating: arguments, count: 1)
    unsafe blocks.append(memory)
    unsafe address = UnsafeRawPointer(memory)
    return unsafe UnsafePointer(typed)
  }

  /// Copies an array of trivial elements that the arguments will point to.
  package func array<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(elements.count * MemoryLayout<Element>.stride, 1),
      alignment: max(MemoryLayout<Element>.alignment, 16))
    let typed = unsafe memory.bindMemory(to: Element.self, capacity: max(elements.count, 1))
    for (index, element) in elements.enumerated() { unsafe (typed + index).initialize(to: element) }
    unsafe blocks.append(memory)
    return unsafe UnsafePointer(typed)
  }

  deinit {
    unsafe blocks.forEach { unsafe $0.deallocate() }
  }
}

/// Writes numbers into an imported fixed-size C array; what does not fit is dropped.
package func fill<Tuple>(_ tuple: inout Tuple, _ values: [Int]) {
  unsafe withUnsafeMutableBytes(of: &tuple) { bytes in
    let capacity = bytes.count / MemoryLayout<Int64>.stride
    for (index, value) in values.prefix(capacity).enumerated() {
      unsafe bytes.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
  }
}
