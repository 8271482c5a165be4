import DVLADiagnostics
import DVLAModels
import DVLAPipelines
import DVLATestSupport
import Testing

/// The settings of image processors that travel in a bundle are followed.
struct BundlePreprocessorTests {
  static func settings(side: Int = 42, mean: Double) -> String {
    """
    {"image_processor_type": "SiglipImageProcessor", "size": {"height": \(side), "width": \(side)},
     "resample": 3, "rescale_factor": 0.00392156862745098,
     "image_mean": [\(mean), \(mean), \(mean)], "image_std": [0.5, 0.5, 0.5]}
    """
  }

  func actions(
    _ checkpoint: String, _ preprocessor: (name: String, contents: String)?
  ) throws -> [UInt32] {
    let robot = try PolicyBundle(checkpoint, preprocessor: preprocessor)
    return try robot.act(try robot.policy()).actions
  }

  /// depthvla stretches pictures, pi0 pads them.
  @Test(arguments: ["depthvla/plain", "pi0/openpi"])
  func itsMeanIsSubtracted(_ checkpoint: String) throws {
    let published = try actions(checkpoint, nil)
    let file = "preprocessor_config.json"
    #expect(try actions(checkpoint, (file, Self.settings(mean: 0.5))) == published)
    let other = try actions(checkpoint, (file, Self.settings(mean: 0.4)))
    #expect(other != published)
    let nested =
      "{\"processor_class\": \"PaliGemmaProcessor\", \"image_processor\": "
      + Self.settings(mean: 0.4) + "}"
    #expect(try actions(checkpoint, ("processor_config.json", nested)) == other)
  }

  @Test func aProcessorThatMakesPicturesOfAnotherSizeIsRefusedWhenTheBundleIsMade() throws {
    let error = #expect(throws: WeightsError.self) {
      _ = try PolicyBundle(
        preprocessor: ("preprocessor_config.json", Self.settings(side: 28, mean: 0.5)))
    }
    #expect(error?.code == .modelConfiguration)
    #expect(error?.message.contains("28 x 28") == true)
  }
}
