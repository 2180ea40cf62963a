internal import CApusPlatform

/// A library opened at run time.
@safe package struct DynamicLibrary: ~Copyable {
  private let handle: UnsafeMutableRawPointer

  /// Opens the first of some names that the system's linker finds.
  package init?(_ names: [String]) {
    for name in names {
      if let handle = unsafe apus_library_open(name, false, nil, 0) {
        unsafe self.handle = handle
        return
      }
    }
    return nil
  }

  /// Opens a file and binds all it needs; the linker's message where that fails.
  package init(path: String) throws(LibraryError) {
    // Without a slash the linker would search its own folders.
    let file = path.contains("/") ? path : "./" + path
    var message = [CChar](repeating: 0, count: 1024)
    guard let handle = unsafe apus_library_open(file, true, &message, message.count) else {
      throw LibraryError(
        description: String(
          decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    unsafe self.handle = handle
  }

  deinit { unsafe apus_library_close(handle) }

  /// A function of the library, whose type the caller vouches for.
  package func symbol<Function>(_ name: String, as type: Function.Type) -> Function? {
    unsafe apus_library_symbol(handle, name).map { unsafe unsafeBitCast($0, to: type) }
  }

  /// Keeps the library open for as long as the process lives.
  package consuming func keepOpen() { discard self }
}

/// Why a library cannot be opened.
package struct LibraryError: Error, CustomStringConvertible {
  package let description: String
}
