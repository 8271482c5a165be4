import DVLATestSupport
import Foundation
import Testing

/// `gate --report` on the tiny policy.
struct GatePageCommandTests {
  private func page(
    _ name: String, _ gate: GateScratch, status: Int32
  ) throws -> String {
    let result = try gate.gate("candidate", ["--report", "page.html"])
    #expect(result.status == status && result.error == "", "\(result.error)")
    let bytes = try gate.scratch.bytes(of: "page.html")
    if let folder = ProcessInfo.processInfo.environment["DEPTHVLA_PAGES"] {
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "/\(name).html"))
    }
    let html = String(decoding: bytes, as: UTF8.self)
    #expect(!html.contains("Markup(") && !html.contains("<script") && !html.contains("://"))
    return html
  }

  @Test func aGoodBundleShips() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let html = try page("gate-fixture-passes", gate, status: 0)
    #expect(html.contains("<h1>Ship</h1>") && html.contains("All 5 limits hold"))
    #expect(html.contains("What the robot would see"))
  }

  @Test func aWrongScaleIsNamedAtTheTop() throws {
    let gate = try GateScratch()
    let name = "vlm.layers.1.mlp.up_proj.weight"
    try gate.candidate(try gate.changed(name) { $0 * 1.01 })
    let html = try page("gate-fixture-scale", gate, status: 1)
    let top = try #require(html.range(of: "</header>").map { String(html[..<$0.lowerBound]) })
    #expect(top.contains("<h1>Do not ship</h1>"))
    #expect(top.contains("<strong>Scale of a tensor</strong> (worst tensor)"))
    let text = top.replacingOccurrences(of: "<wbr>", with: "")
    #expect(text.contains("The weights of \(name) are 101"))
  }

  @Test func exchangedCamerasAreNamedAtTheTop() throws {
    let gate = try GateScratch()
    try gate.scratch.write(
      GateScratch.robot(GateScratch.cameras.reversed()), to: "exchanged.json")
    try gate.candidate(robot: "exchanged.json")
    let html = try page("gate-fixture-cameras", gate, status: 1)
    let top = try #require(html.range(of: "</header>").map { String(html[..<$0.lowerBound]) })
    #expect(top.contains("The cameras are exchanged"))
    #expect(top.contains("<code>convert --robot</code>"))
  }

  @Test func thePageReplacesNothingUnaskedAndNoInputEver() throws {
    let gate = try GateScratch()
    try gate.candidate()
    try gate.scratch.write("kept", to: "page.html")
    #expect(try gate.gate("candidate", ["--report", "page.html"]).status == 73)
    #expect(try gate.scratch.bytes(of: "page.html") == Array("kept".utf8))
    for input in ["candidate", "budget.json", "observations/observations.json", "reference"] {
      let before = try gate.scratch.bytes(of: input)
      let result = try gate.gate("candidate", ["--report", input, "--force"])
      #expect(result.status == 73 && result.errorLines.count == 1, "\(result.error)")
      #expect(try gate.scratch.bytes(of: input) == before)
    }
  }
}
