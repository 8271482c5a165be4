import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLANormalization
import DVLAPipelines
import DVLATensorMath
import DVLATestSupport
import Testing

/// What a bundle, statistics or an observation may ask for at most.
struct PolicyLimitTests {
  private func expectRefusal(
    _ code: WeightsError.Code, _ words: String..., location: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
  ) {
    let error = #expect(throws: WeightsError.self, sourceLocation: location) { try body() }
    guard let error else { return }
    #expect(error.code == code, "\(error)", sourceLocation: location)
    for word in words {
      #expect(error.description.contains(word), "\(error)", sourceLocation: location)
    }
  }

  /// Its sizes are in no tensor's shape, so a file may say anything.
  @Test(arguments: [
    ("pi0/transformers-native-state-dict-5.23", "action.horizon", 16384),
    ("pi0/transformers-native-state-dict-5.23", "action.num_steps", 1000),
    ("depthvla/plain", "depth.image_size", 256 * 14),
    ("depthvla/plain", "max_token_len", 16384),
  ])
  func sizesInTheConfigurationAreBounded(checkpoint: String, key: String, limit: Int) throws {
    for (value, isSound) in [(limit, true), (limit + 14, false), (1 << 30, false)] {
      // Sides of pictures are in whole patches, whatever else is wrong with them.
      let value = key == "depth.image_size" ? value / 14 * 14 : value
      let setting = [(key: key, value: String(value))]
      if isSound {
        _ = try PolicyBundle(checkpoint, setting: setting).policy()
      } else {
        // No bundle is written that cannot be run.
        let name = String(key.split(separator: ".").last ?? "")
        expectRefusal(
          .modelConfiguration, FixtureCheckpoint(checkpoint).path, name, String(value)
        ) { _ = try PolicyBundle(checkpoint, setting: setting) }
      }
    }
  }

  /// By SigLIP's tokens, or by the depth encoder's patches where those are more.
  @Test(arguments: [(42, 16384 / 9), (28 * 14, 65536 / 784)])
  func observationsAreBounded(depthSize: Int, limit: Int) throws {
    let robot = try PolicyBundle(setting: [("depth.image_size", String(depthSize))])
    let policy = try robot.policy()
    let pictures = [RGBImage](repeating: robot.pictures[0], count: limit + 1)
    expectRefusal(.policyImageCount, "at most \(limit) cameras", "found \(limit + 1)") {
      _ = try policy.act(
        on: pictures, instruction: "", state: robot.state, noise: robot.noise)
    }
  }

  @Test func aPictureThatDoesNotFitIsToldByItsCamera() throws {
    let robot = try PolicyBundle("pi0/openpi")
    let thin = RGBImage(width: 60, height: 1, pixels: [UInt8](repeating: 9, count: 180))
    expectRefusal(.imageAspect, "camera 1: a picture of 60 x 1 pixels") {
      _ = try robot.policy().act(
        on: [robot.pictures[0], thin], instruction: "", state: robot.state, noise: robot.noise)
    }
  }

  /// openpi's older files are as wide as the model they were made for.
  @Test func statisticsOfAnotherModelAreRefusedBeforeAnythingIsComputed() throws {
    let robot = try PolicyBundle()
    let name = "openpi-padded.json"
    let assets = try PolicyAssets(
      robot.bundle, statistics: (try FixtureFolder.bytes("statistics/" + name), name))
    expectRefusal(.policyAssets, "states in \(name) have 12 values", "at most 11") {
      _ = try RobotPolicy(
        robot.bundle, assets: assets, loading: .first, on: Compute(threads: 1))
    }
  }
}
