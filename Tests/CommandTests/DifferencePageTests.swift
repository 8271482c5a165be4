import DVLATestSupport
import Foundation
import Testing

/// `diff --report`.
struct DifferencePageTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A copy of the tiny DINOv2 with one tensor scaled.
  private func changed(_ name: String, by factor: Float) throws -> String {
    var checkpoint = try PlainCheckpoint(folder: ParityCommandTests.dinov2)
    let bytes = try #require(checkpoint.tensors[name]?.bytes)
    checkpoint.tensors[name]?.bytes = stride(from: 0, to: bytes.count, by: 4).flatMap { start in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) }
      let value = (Float(bitPattern: bits) * factor).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    return try checkpoint.write(to: scratch, as: "changed")
  }

  private func page(_ name: String) throws -> String {
    String(decoding: try scratch.bytes(of: name), as: UTF8.self)
  }

  /// A tensor times 1.0625 differs by 6.25 % of itself, which is 20 log10(16) = 24.08 dB.
  @Test func thePageSaysWhichTensorDiffersWhereAndByHowMuch() throws {
    let name = "encoder.layer.2.mlp.fc1.weight"
    let other = try changed(name, by: 1.0625)
    let result = try depthvla(
      "diff", ParityCommandTests.dinov2, other, "--report", scratch("page.html"))
    #expect(result.status == 1 && result.error == "", "\(result.error)")
    let html = try page("page.html")
    #expect(html.contains("<h1>1 of 79 tensors differ</h1>"))
    #expect(html.contains("<code>\(name)</code>: its values differ by <strong>6.25 %</strong>"))
    #expect(html.contains("(SQNR 24.1 dB)"))
    #expect(html.contains("lowest 24.1 dB, in layer 2"))
    #expect(html.contains("<title>layer 1, most changed tensor of the layer: equal</title>"))
    #expect(html.contains("<title>layer 2, most changed tensor of the layer: 24.1</title>"))
    #expect(!html.contains("Markup(") && !html.contains("&quot;n&quot;"))
  }

  @Test func equalModelsGiveAPageThatSaysSo() throws {
    let result = try depthvla(
      "diff", ParityCommandTests.dinov2, ParityCommandTests.dinov2, "--report",
      scratch("page.html"))
    #expect(result.status == 0, "\(result.error)")
    #expect(try page("page.html").contains("<h1>No difference</h1>"))
  }

  @Test func tensorsOfOneSideAndOtherShapesAreListed() throws {
    let result = try depthvla(
      "diff", ParityCommandTests.dinov2, FixtureFolder.path("checkpoints/dinov2-with-registers/hf"),
      "--report", scratch("page.html"))
    #expect(result.status == 1, "\(result.error)")
    let html = try page("page.html")
    #expect(html.contains("embeddings.register_tokens"))
    #expect(html.contains("only in "))
    #expect(!html.contains("no layer differs"), "nothing was compared in numbers")
  }

  @Test func thePageReplacesNothingUnaskedAndNoInputEver() throws {
    try scratch.copy("dinov2/hf", to: "a")
    let arguments = ["diff", "a", "a", "--report", "page.html"]
    #expect(try depthvla(arguments, in: scratch.path).status == 0)
    let bytes = try scratch.bytes(of: "page.html")
    #expect(try depthvla(arguments, in: scratch.path).status == 73)
    #expect(try depthvla(arguments + ["--force"], in: scratch.path).status == 0)
    #expect(try scratch.bytes(of: "page.html") == bytes, "the same bytes")
    for input in ["a/model.safetensors", "a/config.json"] {
      let before = try scratch.bytes(of: input)
      let result = try depthvla("diff", "a", "a", "--report", input, "--force", in: scratch.path)
      #expect(result.status == 73 && result.error.contains("is the input"), "\(result.error)")
      #expect(result.errorLines.count == 1)
      #expect(try scratch.bytes(of: input) == before)
    }
    #expect(try depthvla("diff", "a", "a", "--force", in: scratch.path).status == 64)
    let failed = try depthvla("diff", "a", "absent", "--report", "new.html", in: scratch.path)
    #expect(failed.status == 66)
    #expect(try scratch.entries.sorted() == ["a", "page.html"])
  }

  @Test func namesOfFilesAreShownAndDoNothing() throws {
    try scratch.copy("dinov2/hf", to: "<script>alert(1)<")
    let result = try depthvla(
      "diff", "<script>alert(1)<", "<script>alert(1)<", "--report", "page.html", in: scratch.path)
    #expect(result.status == 0, "\(result.error)")
    let html = try page("page.html")
    #expect(html.contains("&lt;script&gt;alert(1)&lt;") && !html.contains("<script"))
  }
}
