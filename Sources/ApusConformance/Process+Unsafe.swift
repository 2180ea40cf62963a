#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Writes at once, so that a reader knows which case runs even if the process dies.
func writeOutput(_ text: String) { write(text, to: 1) }

func writeError(_ text: String) { write(text, to: 2) }

/// A path for a file of this process alone.
func temporaryPath(_ suffix: String) -> String { "/tmp/apus-conformance-\(getpid())\(suffix)" }

func exitProcess(_ code: Int32) -> Never { exit(code) }

private func write(_ text: String, to descriptor: Int32) {
  unsafe Array(text.utf8).withUnsafeBytes { bytes in
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let count = unsafe write(descriptor, part.baseAddress, part.count)
      if count < 0 { return }
      unsafe rest = rest.dropFirst(count)
    }
  }
}
