import DVLABundles
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// What comes in at source precision comes back out: names, types, ties, files, bytes.
struct SourceRoundTripTests {
  @Test(arguments: FixtureCheckpoint.all)
  func everyFixtureComesBackByteForByte(fixture: FixtureCheckpoint) throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(fixture, to: scratch("bundle"))
    #expect(try bundle.verify(threads: 1).isIntact)
    try export(bundle, naming: "source", to: scratch("out"))

    let names = FixtureFolder.names(in: "checkpoints/" + fixture.name, suffix: ".safetensors")
    #expect(!names.isEmpty)
    for name in names {
      let isSame =
        try scratch.bytes(of: "out/" + name)
        == FixtureFolder.bytes("checkpoints/\(fixture.name)/\(name)")
      #expect(isSame, "\(name)")
    }
    let written = try PlainCheckpoint(folder: scratch("out"))
    let source = try PlainCheckpoint(fixture: fixture.name)
    #expect(written.metadata.keys.sorted() == names)
    #expect(written.config == source.config)

    let comparison = try compare(bundle, against: [fixture.path])
    #expect(comparison.rows.count == bundle.tensors.count)
    #expect(comparison.rows.allSatisfy { $0.outcome == .exact && $0.error == nil })
  }

  @Test(arguments: ["paligemma/hf-hub", "pi0/lerobot-2025-02-mixed", "dinov2-swiglu/timm"])
  func everyPackingComesBackByteForByte(name: String) throws {
    let fixture = FixtureCheckpoint(name)
    let source = try PlainCheckpoint(fixture: name)
    for packing: BundlePacking in [.store, .packed(smallest: true)] {
      let scratch = try ScratchFolder()
      let bundle = try convert(fixture, to: scratch("bundle")) { $0.packing = packing }
      try export(bundle, naming: "source", to: scratch("out"))
      #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
    }
  }

  /// F16 and BF16 widen to F32 without loss, so the way back is exact too.
  @Test(arguments: ["paligemma/hf-hub-bf16", "paligemma/hf-hub-f16"])
  func halfPrecisionSurvivesStorageAsF32(name: String) throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(FixtureCheckpoint(name), to: scratch("bundle"), precision: .f32)
    #expect(bundle.tensors.allSatisfy { $0.dtype == .f32 })
    try export(bundle, naming: "source", to: scratch("out"))
    let source = try PlainCheckpoint(fixture: name)
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
  }

  /// Tied names are stored once, with the ledger saying where each went.
  @Test func aTiedHeadIsStoredOnce() throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("paligemma/state-dict-5.6-to-5.23")
    let bundle = try convert(fixture, to: scratch("bundle"))
    #expect(bundle.tensors.count == 68)
    let lines = bundle.documents.ledger.array?.first?.array ?? []
    #expect(lines.count == 69)
    let tied = lines.filter { $0.object?["tied"]?.string == "vlm.embed_tokens.weight" }
    #expect(tied.count == 1)
  }
}
