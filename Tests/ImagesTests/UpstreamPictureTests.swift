import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// Against `Fixtures/pictures`, which transformers 5.24 with torchvision 0.29.2 and lerobot 0.3.3,
/// 0.4.4 and 0.6.1 made (`Fixtures/generate/pictures.py`).
@Suite struct UpstreamPictureTests {
  @Test(arguments: 0..<15)
  func resizesAsTorchvision(number: Int) throws {
    let fixture = try GoldenFile("pictures/resize.safetensors")
    let before = try fixture.image("\(number).in")
    for (name, filter) in [("bicubic", ResizeMethod.Filter.bicubic), ("bilinear", .bilinear)] {
      let after = try fixture.image("\(number).\(name)")
      let method = ResizeMethod(.torchvision, filter)
      #expect(PictureResizer(from: before.size, to: after.size, by: method)(before) == after)
    }
  }

  @Test func coversEveryRecordedResize() throws {
    #expect(try GoldenFile("pictures/resize.safetensors").names.count == 45)
  }

  /// What upstream accepts and this project refuses: `pad_size` null fills up to the largest
  /// picture of a batch.
  private static let refusedHereAlone = ["pi0-71"]

  @Test func processesWhatAutoImageProcessorAcceptsAndRefusesTheRest() throws {
    let cases = try UpstreamCase.all()
    #expect(cases.count == 80)
    let fixture = try GoldenFile("pictures/processors.safetensors")
    for (name, upstream) in cases {
      for picture in upstream.pictures {
        let image = try fixture.image("in." + picture)
        let key = "\(name).\(picture)"
        let result = Result { () throws(WeightsError) in try upstream.process(image) }
        switch result {
        case .success(let values):
          #expect(!upstream.isRefused && !fixture.contains(key + ".refused"), "\(key)")
          guard fixture.contains(key) else { continue }
          let expected = try fixture.tensor(key)
          #expect(values.shape == expected.shape, "\(key)")
          #expect(values.values == expected.values, "\(key)")
        case .failure(let error):
          #expect(
            upstream.isRefused || fixture.contains(key + ".refused")
              || Self.refusedHereAlone.contains(name), "\(key): \(error)")
        }
      }
    }
  }

  @Test(arguments: LeRobotProcessor.Version.allCases)
  func fitsPicturesAsLeRobot(version: LeRobotProcessor.Version) throws {
    let fixture = try GoldenFile("pictures/lerobot.safetensors")
    let processor = LeRobotProcessor(
      size: PixelSize(height: 14, width: 14), version: version)
    let pictures = fixture.names.filter { $0.hasPrefix("in.") }.map { $0.dropFirst(3) }
    #expect(pictures.count == 9)
    for picture in pictures {
      let image = try fixture.image("in.\(picture)")
      let key = "\(version.rawValue).\(picture)"
      guard fixture.contains(key) else {
        expect(.imageAspect) { () throws(WeightsError) in _ = try processor(image) }
        continue
      }
      let (ours, theirs) = (try processor(image), try fixture.tensor(key))
      #expect(ours.shape == theirs.shape)
      let worst = zip(ours.values, theirs.values).map { abs($0 - $1) }.max() ?? 1
      #expect(worst <= 2.4e-7, "\(key)")
      // What is beside the picture is exact.
      let (rows, columns) = try processor.content(of: image)
      for row in 0..<14 {
        for column in 0..<14 where !rows.contains(row) || !columns.contains(column) {
          #expect(ours.values[14 * row + column] == theirs.values[14 * row + column])
        }
      }
    }
  }
}

/// Settings that were given to upstream, and what it did.
private struct UpstreamCase {
  let settings: JSONObject
  let pictures: [String]
  let isRefused: Bool

  static func all() throws -> [(String, UpstreamCase)] {
    let root = try StrictJSON.parse(FixtureFolder.bytes("pictures/processors.json"))
    return try #require(root.object).members.map { name, value in
      (
        name,
        UpstreamCase(
          settings: value.object?["settings"]?.object ?? JSONObject(),
          pictures: value.object?["pictures"]?.array?.compactMap(\.string) ?? [],
          isRefused: value.object?["refused"] != nil)
      )
    }
  }

  func process(_ image: RGBImage) throws(WeightsError) -> Tensor {
    let type = settings["image_processor_type"]?.string ?? ""
    if type.hasPrefix("Siglip") { return try SiglipProcessor(preprocessorConfig: settings)(image) }
    if type.hasPrefix("DPT") {
      return try DepthAnythingProcessor(preprocessorConfig: settings)(image)
    }
    if type.hasPrefix("Bit") { return try DINOv2Processor(preprocessorConfig: settings)(image) }
    return try PI0Processor(preprocessorConfig: settings)(image)
  }
}
