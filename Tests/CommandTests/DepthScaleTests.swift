import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// 16-bit depth of models that see far: how long a step is, and where that is said.
struct DepthScaleTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A metric model that sees so far.
  private func model(_ maximum: Double) throws -> String {
    let folder = try scratch.copy("depth-anything-v2-metric/hf", to: "m")
    let path = URL(fileURLWithPath: folder + "/config.json")
    var document = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    document["max_depth"] = maximum
    try JSONSerialization.data(withJSONObject: document).write(to: path)
    return folder
  }

  @Test(arguments: [
    (20, 1000, "1000"), (65, 1000, "1000"), (65.5, 256, "256"), (255, 256, "256"),
    (255.99, 256, "256"), (256, 128, "128"), (300, 128, "128"), (1000, 64, "64"),
    (100_000, 0.5, "0.5"), (2_000_000, 0.03125, "0.03125"),
  ])
  func stepsReachAsFarAsTheModelSees(maximum: Double, steps: Double, text: String) throws {
    let converted = try depthvla(
      "convert", "--depth-anything", try model(maximum), "-o", scratch("b"))
    try #require(converted.status == 0, "\(converted.error)")
    let call = [
      "run", scratch("b"), "--image", FixtureFolder.path("images/rgb8.png"), "--force", "--png16",
      scratch("g.png"), "--raw", scratch("r.npy"),
    ]
    let run = try depthvla(call + ["--json"])
    #expect(run.json?["png16_steps_per_metre"]?.number == steps)
    let picture = try #require(run.json?["images"]?.array?.first?.object)
    #expect(picture["png16_below"] == 0 && picture["png16_above"] == 0)
    #expect(try depthvla(call).output.contains("16-bit values: \(text) to a metre"))
    let file = try scratch.bytes(of: "g.png")
    let depth = floatArray(try scratch.bytes(of: "r.npy"))
    #expect(
      try Grey16Picture(file).values == depth.map { Int((Double($0) * steps).rounded()) })
    #expect(file.contains("tEXtStepsPerMetre\0" + text))
    guard let python = OtherProgramsTests.python else { return }
    let reader = FixtureFolder.path("../Tests/python/read_depth.py")
    let read = try program([python, reader, scratch("g.png"), scratch("r.npy")])
    #expect(read.status == 0 && read.output == "", "\(read.output)\(read.error)")
  }

  /// Resizing overshoots at edges: below 0 of a model that sees everything near.
  @Test func whatIsCutOffIsCounted() throws {
    let folder = try model(20)
    let converted = try depthvla("convert", "--depth-anything", folder, "-o", scratch("b"))
    try #require(converted.status == 0, "\(converted.error)")
    let run = try depthvla(
      "run", scratch("b"), "--image", FixtureFolder.path("images/rgb8.png"), "--raw",
      scratch("r.npy"), "--json")
    let picture = try #require(run.json?["images"]?.array?.first?.object)
    #expect(picture["png16_below"] == .null && picture["png16_above"] == .null)
  }
}

extension [UInt8] {
  fileprivate func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    return indices.contains { self[$0...].starts(with: wanted) }
  }
}
