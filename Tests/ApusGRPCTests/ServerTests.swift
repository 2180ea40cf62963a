#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import ApusTransport
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import Synchronization
import Testing

@Suite("The gRPC server", .serialized, .timeLimit(.minutes(5)))
struct ServerTests {
  @Test("A port that is in use is told in words")
  func portInUse() async throws {
    try await Loopback.run { loopback in
      _ = try await loopback.infer(.raw("echo", [("a", [1])]))
      var configuration = GRPCConfiguration()
      configuration.endpoint = Endpoint(address: "127.0.0.1", port: loopback.port)
      let second = ApusGRPC.GRPCServer(
        configuration: configuration, service: loopback.service)
      let error = await #expect(throws: TransportError.self) { try await second.run() }
      #expect(error == .portInUse(configuration.endpoint, flag: "--grpc-port"))
      #expect(
        error?.description.contains(
          "is in use by another program; choose another with --grpc-port") == true)
    }
  }

  @Test("Two servers share a port where both say so")
  func sharedPort() async throws {
    try await Loopback.run({ $0.reusesPort = true }) { loopback in
      _ = try await loopback.infer(.raw("echo", [("a", [1])]))
      var configuration = GRPCConfiguration()
      configuration.endpoint.address = "127.0.0.1"
      configuration.endpoint.port = loopback.port
      configuration.reusesPort = true
      try await Loopback.serve(configuration, loopback.service) { _, port in
        #expect(port == loopback.port)
      }
    }
  }

  @Test("Addresses: IPv6, names, and what is none")
  func addresses() async throws {
    let service = FakeService()
    for address in ["localhost", "::1"] {
      var configuration = GRPCConfiguration()
      configuration.endpoint.address = address
      configuration.endpoint.port = 0
      try await confirmation { listens in
        try await Loopback.serve(configuration, service) { _, port in
          #expect(port > 0)
          listens()
        }
      }
    }
    var configuration = GRPCConfiguration()
    configuration.endpoint.address = "no host"
    let server = ApusGRPC.GRPCServer(configuration: configuration, service: service)
    let error = await #expect(throws: TransportError.self) { try await server.run() }
    #expect(error?.description.hasPrefix("cannot listen on port 8001 of no host") == true)
  }

  @Test("A graceful end finishes calls and streams under way")
  func drain() async throws {
    try await Loopback.run { loopback in
      let call = Task { try await loopback.infer(.raw("slow", id: "u", [("a", [1])])) }
      let stream = Task {
        try await loopback.stream([.raw("slow", id: "s", [("a", [1])])])
      }
      try await loopback.service.waitForHeld(2)
      loopback.server.beginGracefulShutdown()
      try await Task.sleep(for: .milliseconds(200))
      let handles = loopback.service.state.withLock { $0.handles }
      #expect(handles.allSatisfy { !$0.isCancelled })
      loopback.service.release()
      #expect(try await call.value.id == "u")
      #expect(try await stream.value.map(\.inferResponse.id) == ["s"])
    }
  }

  @Test("TLS", arguments: [false, true])
  func tls(isMutual: Bool) async throws {
    let files = try Certificates.Files()
    let roots = TLSConfig.TrustRootsSource.certificates([.file(path: files.authority, format: .pem)]
    )
    let security: HTTP2ClientTransport.Posix.TransportSecurity =
      isMutual
      ? .mTLS(
        certificateChain: [.file(path: files.certificate, format: .pem)],
        privateKey: .file(path: files.key, format: .pem)
      ) {
        $0.trustRoots = roots
        $0.serverCertificateVerification = .noHostnameVerification
      }
      : .tls {
        $0.trustRoots = roots
        $0.serverCertificateVerification = .noHostnameVerification
      }
    try await Loopback.run(
      {
        $0.tls = TLSFiles(
          certificate: files.certificate, key: files.key,
          clientAuthorities: isMutual ? files.authority : nil)
      }, security: security
    ) { loopback in
      let response = try await loopback.infer(.raw("echo", [("a", [1, 2])]))
      #expect(response.rawOutputContents.first?.floats == [1, 2])
    }
  }

  @Test("A client without a certificate is not served where one is asked for")
  func missingCertificate() async throws {
    let files = try Certificates.Files()
    try await Loopback.run(
      {
        $0.tls = TLSFiles(
          certificate: files.certificate, key: files.key, clientAuthorities: files.authority)
      },
      security: .tls {
        $0.trustRoots = .certificates([.file(path: files.authority, format: .pem)])
        $0.serverCertificateVerification = .noHostnameVerification
      }
    ) { loopback in
      var options = CallOptions.defaults
      options.timeout = .seconds(1)
      let settings = options
      await #expect(throws: RPCError.self) {
        try await loopback.infer(.raw("echo", [("a", [1])]), options: settings)
      }
    }
  }

  @Test("A file of TLS that is missing is told in words")
  func missingFile() async throws {
    var configuration = GRPCConfiguration()
    configuration.endpoint.address = "127.0.0.1"
    configuration.endpoint.port = 0
    configuration.tls = TLSFiles(
      certificate: "/no/certificate.pem", key: "/no/key.pem")
    let server = ApusGRPC.GRPCServer(configuration: configuration, service: FakeService())
    let error = await #expect(throws: TransportError.self) { try await server.run() }
    #expect(error?.description.hasPrefix("cannot use /no/certificate.pem for TLS") == true)
  }
}
#endif
