import DVLAJSON
import DVLATestSupport
import Testing

/// How DINOv2's position table is fitted to other grids than its own. The goldens are recorded from
/// timm 1.0.31 and from the original code (`Fixtures/generate/positions.py`).
struct PositionResamplingTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let goldens: [(golden: String, checkpoint: String)] = {
    guard let bytes = try? FixtureFolder.bytes("positions/expected.json"),
      let document = try? StrictJSON.parse(bytes)
    else { return [] }
    return (document.object?["goldens"]?.array ?? []).compactMap { entry in
      guard let golden = entry.object?["golden"]?.string,
        let checkpoint = entry.object?["checkpoint"]?.string
      else { return nil }
      return (golden, checkpoint)
    }
  }()

  /// The configuration of a bundle, which the caller names.
  func converted(
    _ sources: [String], to name: String, _ settings: [String] = []
  ) throws -> (configuration: JSONValue?, text: String) {
    let result = try depthvla(["convert"] + sources + ["-o", scratch(name)] + settings)
    #expect(result.status == 0, "\(result.error)")
    let shown = try depthvla("inspect", scratch(name), "--json")
    return (shown.json?["configuration"], result.output + result.error)
  }

  /// The value of a setting of a bundle, or nil.
  func way(_ configuration: JSONValue?, _ scope: String? = nil) -> String? {
    let object = scope.map { configuration?.object?[$0] } ?? configuration
    return object?.object?["position_resampling"]?.string
  }

  @Test func everyGoldenIsThere() { #expect(Self.goldens.count == 10) }

  @Test(arguments: goldens)
  func offTheTrainedGridTheNamingsOwnLibraryIsFollowed(
    golden: String, checkpoint: String
  ) throws {
    let fixture = FixtureCheckpoint(checkpoint)
    let settings = PipelineTests.settings(fixture)
    let path = FixtureFolder.path("positions/\(golden).safetensors")
    _ = try converted([fixture.option, fixture.path], to: "b", settings)
    let parity = try depthvla("parity", scratch("b"), "--golden", path)
    #expect(parity.status == 0, "\(parity.output)\(parity.error)")
    // Every other way fails, so that the golden tells them apart.
    let key =
      fixture.family == "dinov2" ? "position_resampling" : "backbone.position_resampling"
    let own =
      checkpoint.hasSuffix("timm") || checkpoint.contains("registers")
      ? "bicubic-antialias" : "bicubic-offset"
    for other in ["bicubic", "bicubic-antialias", "bicubic-offset"] where other != own {
      _ = try converted(
        [fixture.option, fixture.path], to: other, settings + ["--set", "\(key)=\(other)"])
      #expect(try depthvla("parity", scratch(other), "--golden", path).status == 1, "\(other)")
    }
  }

  @Test func whereNoLibraryDiffersBundlesSayNothing() throws {
    for name in ["hf", "timm", "original"] {
      let fixture = FixtureCheckpoint("dinov2-with-registers/" + name)
      let made = try converted(
        [fixture.option, fixture.path], to: name, PipelineTests.settings(fixture))
      #expect(way(made.configuration) == nil && !made.text.contains("position_resampling"))
    }
    let hub = try converted(["--dinov2", FixtureCheckpoint("dinov2/hf").path], to: "hub")
    #expect(way(hub.configuration) == nil && !hub.text.contains("position_resampling"))
  }

  @Test func theNamingCountsBesideAConfigOfTransformers() throws {
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/original")
    checkpoint.config = try PlainCheckpoint(fixture: "dinov2/hf").config
    let path = try checkpoint.write(to: scratch, as: "in")
    let own = try converted(["--dinov2", path], to: "own")
    #expect(way(own.configuration) == "bicubic-offset")
    let said = try converted(
      ["--dinov2", path], to: "said", ["--set", "position_resampling=bicubic"])
    #expect(way(said.configuration) == "bicubic")
    let hub = try depthvla(
      "parity", scratch("said"), "--golden",
      FixtureFolder.path("goldens/dinov2_28x70.safetensors"))
    #expect(hub.status == 0, "\(hub.output)")
  }

  /// Without its mask token an original file has timm's names.
  @Test func namesThatFitTwoLibrariesAreSaid() throws {
    let timm = FixtureCheckpoint("dinov2/timm")
    let certain = try converted(["--dinov2", timm.path], to: "certain")
    #expect(!certain.text.contains("position_resampling"), "\(certain.text)")
    var bare = try PlainCheckpoint(fixture: timm.name)
    bare.config = nil
    let path = try bare.write(to: scratch, as: "in")
    let settings = PipelineTests.settings(timm)
    let doubtful = try converted(["--dinov2", path], to: "doubtful", settings)
    #expect(way(doubtful.configuration) == "bicubic-antialias")
    #expect(
      doubtful.text.contains(
        "the tensor names fit both timm and original; timm is assumed, so position_resampling is "
          + "bicubic-antialias; if the checkpoint is original, position_resampling must be "
          + "bicubic-offset; pass --set position_resampling=bicubic-offset"),
      "\(doubtful.text)")
    let said = try converted(
      ["--dinov2", path], to: "said", settings + ["--set", "position_resampling=bicubic-offset"])
    #expect(!said.text.contains("the tensor names fit both"), "\(said.text)")
  }

  @Test func anExportSaysThatItsLibraryFitsOtherwise() throws {
    let timm = FixtureCheckpoint("dinov2/timm")
    _ = try converted(["--dinov2", timm.path], to: "timm")
    _ = try converted(["--dinov2", FixtureCheckpoint("dinov2/hf").path], to: "hub")
    let cases: [(bundle: String, naming: String, ways: (String, String)?)] = [
      ("timm", "hub", ("bicubic-antialias", "bicubic")),
      ("timm", "original", ("bicubic-antialias", "bicubic-offset")),
      ("timm", "timm", nil), ("timm", "source", nil), ("hub", "hub", nil),
      ("hub", "timm", ("bicubic", "bicubic-antialias")),
      ("hub", "original", ("bicubic", "bicubic-offset")),
    ]
    for (bundle, naming, ways) in cases {
      let result = try depthvla(
        "export", scratch(bundle), "--naming", naming, "-o", scratch(bundle + naming))
      #expect(result.status == 0, "\(result.error)")
      guard let ways else {
        #expect(!result.output.contains("position_resampling"), "\(bundle) \(naming)")
        continue
      }
      #expect(
        result.output.contains(
          "position_resampling is \(ways.0) in the bundle and \(ways.1) in the library that runs "
            + "dinov2 in \(naming) naming: results for pictures of another size than 70 x 70 differ "
            + "there"
        ), "\(result.output)")
    }
  }

  @Test func aDepthVLAHasItsEncodersWay() throws {
    let timm = FixtureCheckpoint("dinov2/timm")
    let sizes = [
      "depth.hidden_size=20", "depth.intermediate_size=52", "action.hidden_size=28",
      "action.intermediate_size=36", "action.state_dim=11", "action.action_dim=7",
    ]
    let made = try converted(
      ["--paligemma", FixtureCheckpoint("paligemma/hf-hub").path, "--dinov2", timm.path], to: "b",
      ["--init-missing", "7"] + sizes.flatMap { ["--set", $0] })
    #expect(way(made.configuration, "encoder") == "bicubic-antialias")
    // It travels in our own names, so nothing is to be noted.
    let exported = try depthvla(
      "export", scratch("b"), "--naming", "layout", "-o", scratch("out"))
    #expect(exported.status == 0 && !exported.output.contains("position_resampling"))
    let again = try converted(["--depthvla", scratch("out")], to: "again")
    #expect(way(again.configuration, "encoder") == "bicubic-antialias")
  }
}
