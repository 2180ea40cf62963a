import Testing

@testable import ApusServing

@Suite struct AccessPolicyTests {
  private func refusal(
    _ policy: AccessPolicy, _ group: EndpointGroup, _ headers: [String: String]
  ) -> AccessPolicy.Refusal? {
    policy.refusal(of: group) { headers[$0] }
  }

  @Test func withoutRulesAllIsOpen() {
    let policy = AccessPolicy()
    #expect(policy.isOpen)
    for group in EndpointGroup.allCases { #expect(refusal(policy, group, [:]) == nil) }
  }

  @Test(arguments: ["", "prefix-"])
  func restrictedGroupsNeedTheirHeader(prefix: String) throws {
    var policy = AccessPolicy(headerPrefix: prefix)
    try policy.restrict("inference, model-repository:Admin-Key=a=b")
    let header = prefix + "admin-key"
    for group in [EndpointGroup.inference, .modelRepository] {
      #expect(refusal(policy, group, [:]) == .restricted(header: header))
      #expect(refusal(policy, group, [header: "a"]) == .restricted(header: header))
      #expect(refusal(policy, group, [header: "a=b"]) == nil)
    }
    #expect(refusal(policy, .health, [:]) == nil)
  }

  @Test func tokensComeAsEitherHeader() {
    var policy = AccessPolicy()
    policy.tokens = [.statistics: ["one", "two"]]
    #expect(refusal(policy, .inference, [:]) == nil)
    #expect(refusal(policy, .statistics, [:]) == .tokenMissing)
    for good in ["Bearer one", "bearer two", " BEARER \tone "] {
      #expect(refusal(policy, .statistics, ["authorization": good]) == nil, "\(good)")
    }
    for none in ["one", "Basic one", "Bearer", "Bearer "] {
      #expect(refusal(policy, .statistics, ["authorization": none]) == .tokenMissing, "\(none)")
    }
    #expect(refusal(policy, .statistics, ["authorization": "Bearer three"]) == .tokenUnknown)
    #expect(refusal(policy, .statistics, ["x-api-key": "two "]) == nil)
    #expect(refusal(policy, .statistics, ["x-api-key": "tw"]) == .tokenUnknown)
  }

  @Test func bothRulesCount() throws {
    var policy = AccessPolicy()
    try policy.restrict("inference:k=v")
    policy.tokens = [.inference: ["t"]]
    #expect(refusal(policy, .inference, ["x-api-key": "t"]) == .restricted(header: "k"))
    #expect(refusal(policy, .inference, ["k": "v"]) == .tokenMissing)
    #expect(refusal(policy, .inference, ["k": "v", "x-api-key": "t"]) == nil)
  }

  @Test(arguments: [
    "", "inference", "inference:", "inference:key", "inference:=value", "unknown:key=value",
    "inference,inference:key=value", ",:k=v", "all:k=v",
  ])
  func malformedRulesAreRefused(_ text: String) {
    var policy = AccessPolicy()
    #expect(throws: ServingError.self) { try policy.restrict(text) }
  }
}
