/// What a test waited for did not come about.
package struct DidNotComeAbout: Error {
  package let what: String
}

/// Waits for a condition that others bring about. Throws after minutes: tests that compute share the threads of those
/// that wait, and may hold them for long.
package func eventually(
  _ what: String = "the condition", _ condition: () -> Bool
) async throws(DidNotComeAbout) {
  let end = ContinuousClock.now + .seconds(240)
  while !condition() {
    guard ContinuousClock.now < end else { throw DidNotComeAbout(what: what) }
    try? await Task.sleep(for: .milliseconds(2))
  }
}
