import DVLABundles
import DVLADiagnostics
import DVLAPolicyService
import DVLAQuantization
import DVLASigning
import DVLATestSupport
import Testing

/// A server that serves only what passed a gate.
struct ServedGateTests {
  @Test func aNewBundleWithoutItsGateLeavesTheOldOneInPlace() throws {
    let fixture = try ServedFixture()
    let key = try PrivateKey(path: FixtureFolder.path("signing/ed25519.pem"))
    var options = try fixture.options
    options.trust = { () throws(WeightsError) in
      .gated(GateRequirement(keys: [key.publicKey]))
    }
    let service = PolicyService(path: fixture.path, options: options)
    #expect(throws: WeightsError(.init("gate.missing"), "")) { try service.load() }
    #expect(!service.isReady)
    func state() throws {
      let bundle = try WeightBundle(path: fixture.path)
      let sample = try SampleGate(root: bundle.root, fileHash: bundle.fileHash())
      try fixture.scratch.write(sample.file(by: key), to: "robot.dvla.safetensors.gate")
    }
    try state()
    let first = try service.load()
    try fixture.convert("depthvla/plain", .int8)
    #expect(throws: WeightsError(.init("gate.other-bundle"), "")) { try service.load() }
    #expect(service.isReady)
    try state()
    #expect(try service.load().root != first.root)
  }
}
