import DVLAImages
import DVLAJSON
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// `run` on the tiny models.
struct RunCommandTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let pictures = ["baseline-444.jpg", "rgb8.png"]

  func bundle(_ checkpoint: String, _ settings: String...) throws -> String {
    let source = FixtureCheckpoint(checkpoint)
    let result = try depthvla(
      ["convert", source.option, source.path, "-o", scratch("bundle")]
        + settings.flatMap { ["--set", $0] })
    #expect(result.status == 0, "\(result.error)")
    return scratch("bundle")
  }

  /// A folder of pictures of the fixtures, under other names where they are given.
  @discardableResult
  func photos(_ pictures: [(file: String, name: String)]) throws -> String {
    try scratch.makeFolder("photos")
    for (file, name) in pictures {
      try scratch.write(FixtureFolder.bytes("images/" + file), to: "photos/" + name)
    }
    return scratch("photos")
  }

  /// The settings would make 130 million pixels of it.
  @Test func aSmallPictureIsNotBlownUpBeyondWhatTheModelTakes() throws {
    let settings = try scratch.write(
      """
      {"image_processor_type": "DPTImageProcessor", "ensure_multiple_of": 14,
       "size": {"height": 11564, "width": 11564}}
      """, to: "settings.json")
    let source = FixtureCheckpoint("depth-anything-v2/hf")
    let conversion = try depthvla(
      "convert", source.option, source.path, "--preprocessor", settings, "-o", scratch("bundle"))
    #expect(conversion.status == 0, "\(conversion.error)")
    let result = try depthvla(
      "run", scratch("bundle"), "--image", FixtureFolder.path("images/rgb8.png"), "-o",
      scratch("out.png"))
    #expect(result.status == 65)
    #expect(result.error.contains("expected at most 65536 patches of 14 x 14, found 826 x 826"))
    #expect(result.errorLines.count == 1)
    #expect(try scratch.entries == ["bundle", "settings.json"])
  }

  @Test(arguments: ["--store", "--smallest"]) func mappedTensorsGiveTheSameDepth(
    packing: String
  ) throws {
    let source = FixtureCheckpoint("depth-anything-v2/hf")
    let conversion = try depthvla(
      "convert", source.option, source.path, packing, "-o", scratch("bundle"))
    #expect(conversion.status == 0, "\(conversion.error)")
    let picture = FixtureFolder.path("images/rgb8.png")
    for (name, option) in [("read", [String]()), ("mapped", ["--map"])] {
      let run = try depthvla(
        ["run", scratch("bundle"), "--image", picture, "--raw", scratch(name + ".npy")] + option)
      #expect(run.status == 0, "\(run.error)")
    }
    #expect(try scratch.bytes(of: "read.npy") == scratch.bytes(of: "mapped.npy"))
  }

  @Test(arguments: ["source", "bf16", "int8"])
  func productsAreComputedAsParityComputesThem(precision: String) throws {
    let source = FixtureCheckpoint("depth-anything-v2/hf")
    let bundle = scratch("bundle")
    let conversion = try depthvla(
      "convert", source.option, source.path, "--precision", precision, "-o", bundle)
    #expect(conversion.status == 0, "\(conversion.error)")
    let picture = FixtureFolder.path("images/rgb8.png")
    var depths: [[UInt8]] = []
    for (index, option) in [[], ["--products", "exact"], ["--products", "native"]].enumerated() {
      let output = scratch("\(index).npy")
      let run = try depthvla(
        ["run", bundle, "--image", picture, "--raw", output, "--json"] + option)
      #expect(run.status == 0, "\(run.error)")
      let parity = try depthvla(
        [
          "parity", bundle, "--json", "--golden",
          ParityCommandTests.golden("depth-anything-v2_28x70"),
        ]
          + option)
      let products = try #require(run.json?["products"]?.object)
      #expect(parity.status == 0 && parity.json?["products"]?.object == products)
      if index == 1 || precision == "source" {
        #expect(products["bf16"] == "exact" && products["int8"] == "exact")
      } else if index == 2 {
        #expect(products["bf16"] == "native")
        #expect(products["int8"]?.string == (precision == "int8" ? "native" : "exact"))
      }
      depths.append(try scratch.bytes(of: "\(index).npy"))
    }
    #expect((depths[1] == depths[2]) == (precision == "source"))
    #expect(depths[0] == depths[1] || depths[0] == depths[2] || precision == "int8")
    let unknown = try depthvla("run", bundle, "--image", picture, "--products", "fast")
    #expect(unknown.status == 64)
  }

  @Test(arguments: [("depth-anything-v2", 56), ("depth-anything-v2-metric", 42)])
  func depthMapsAreUpstreams(model: String, side: Int) throws {
    // Of these maps the pictures went through the processor on Pillow.
    let bundle = try bundle(model + "/hf", "image_backend=pil")
    let folder = try photos(Self.pictures.map { ($0, $0) })
    let result = try depthvla(
      "run", bundle, "--image", folder, "--raw", scratch("raw"), "--png16", scratch("grey"), "-o",
      scratch("colours"), "--json")
    #expect(result.status == 0 && result.error == "", "\(result.error)")
    let document = try #require(result.json)
    let isMetric = model.hasSuffix("metric")
    #expect(document["family"]?.string == "depth-anything-v2")
    #expect(document["meaning"]?.string == (isMetric ? "metres" : "relative"))
    #expect(document["png16_steps_per_metre"] == (isMetric ? 1000 : .null))
    #expect(document["left_out"] == [])
    #expect(document["root"]?.string?.utf8.count == 64)
    let images = (document["images"]?.array ?? []).compactMap(\.object)
    #expect(images.map { $0["path"]?.string } == Self.pictures.map { folder + "/" + $0 })

    let golden = try GoldenFile("goldens/depth_maps.safetensors")
    let limits = try Tolerances.embedded().limits(
      of: "predicted_depth", family: "depth-anything-v2", precision: .f32)
    for (picture, image) in zip(Self.pictures, images) {
      let exact = try golden.doubles("f64.\(model).\(picture)")
      let size = try golden.shape("f64.\(model).\(picture)")
      let stem = String(picture.prefix { $0 != "." })
      let depth = floatArray(try scratch.bytes(of: "raw/\(stem).npy"))
      #expect(depth.count == exact.count)
      let largest = exact.map(\.magnitude).max() ?? 0
      let worst = zip(depth, exact).map { (Double($0) - $1).magnitude }.max() ?? .infinity
      #expect(worst <= largest * (try #require(limits.ofMaximum)), "\(worst / largest)")

      let (least, greatest) = (try #require(depth.min()), try #require(depth.max()))
      let grey = try Grey16Picture(try scratch.bytes(of: "grey/\(stem).png"))
      #expect([grey.height, grey.width] == size)
      #expect(
        grey.values
          == depth.map { depth in
            let value =
              isMetric
              ? Double(depth) * 1000
              : (Double(depth) - Double(least)) / (Double(greatest) - Double(least)) * 65535
            return Int(value.rounded())
          })
      let colours = try ImageFile.decode(try scratch.bytes(of: "colours/\(stem).png"))
      #expect(
        try colours == ColourMap.spectralReversed.picture(of: Tensor(depth, shape: Shape(size))))

      #expect(image["height"]?.integer == size[0] && image["width"]?.integer == size[1])
      // Both are enlarged, as little as brings one side to the model's own.
      let sides = ["processed_height", "processed_width"].map { image[$0]?.integer ?? 0 }
      #expect(sides.max() == side && sides.allSatisfy { $0.isMultiple(of: 14) })
      #expect(image["minimum"]?.number == Double(least))
      #expect(image["maximum"]?.number == Double(greatest))
      #expect(
        image["outputs"]?.array?.map(\.string) == [
          scratch("colours/\(stem).png"), scratch("grey/\(stem).png"), scratch("raw/\(stem).npy"),
        ])
    }
  }

  @Test func oneDamagedPictureStopsAFolderUnlessItMayBeLeftOut() throws {
    let bundle = try bundle("depth-anything-v2-metric/hf")
    let folder = try photos([
      ("rgb8.png", "b.PNG"), ("grey.jpg", "a.x.JPEG"), ("damaged/adler.png", "c.png"),
      ("rgb8.png", ".hidden.png"), ("rgb8.png", "notes.txt"),
    ])
    let arguments = ["run", bundle, "--image", folder, "--raw", scratch("raw")]
    let stopped = try depthvla(arguments)
    #expect(stopped.status == 65 && stopped.output == "")
    #expect(stopped.error.contains("photos/c.png"))
    #expect(try scratch.entries == ["bundle", "photos"])
    let skipped = try depthvla(arguments + ["--skip-damaged", "--json"])
    #expect(skipped.status == 0, "\(skipped.error)")
    let leftOut = skipped.json?["left_out"]?.array ?? []
    #expect(leftOut.count == 1)
    #expect(leftOut.first?.string?.contains("photos/c.png") == true)
    #expect(try ScratchFolder.names(in: scratch("raw")) == ["a.x.npy", "b.npy"])

    try scratch.write(FixtureFolder.bytes("images/grey.jpg"), to: "photos/b.jpg")
    let clash = try depthvla(arguments + ["--force"])
    #expect(clash.status == 73)
    #expect(clash.error.contains("b.PNG") && clash.error.contains("b.jpg"))
    #expect(try ScratchFolder.names(in: scratch("raw")) == ["a.x.npy", "b.npy"])
  }

  @Test func refusalsHaveTheirStatusAndLeaveEverythingAsItWas() throws {
    let bundle = try bundle("depth-anything-v2-metric/hf")
    try scratch.write(FixtureFolder.bytes("images/rgb8.png"), to: "p.png")
    try scratch.write(FixtureFolder.bytes("images/damaged/adler.png"), to: "damaged.png")
    try scratch.makeFolder("empty")
    let paligemma = FixtureCheckpoint("paligemma/hf-hub")
    let other = try depthvla("convert", paligemma.option, paligemma.path, "-o", scratch("other"))
    #expect(other.status == 0)
    let (entries, kept) = (try scratch.entries, try scratch.bytes(of: "p.png"))
    let before = try scratch.bytes(of: "bundle")
    let cases: [(Int32, [String], String)] = [
      (64, [scratch("other"), "--image", "p.png", "--raw", "o"], "\"paligemma\""),
      (64, [bundle, "--image", "p.png"], "--png16"),
      (
        64, [bundle, "--image", "p.png", "--raw", "o", "--png16", "./o"],
        "two outputs have this path"
      ),
      (65, [bundle, "--image", "damaged.png", "--raw", "o", "--skip-damaged"], "damaged.png"),
      (65, ["p.png", "--image", "p.png", "--raw", "o"], "p.png"),
      (66, [bundle, "--image", "absent.png", "--raw", "o"], "absent.png"),
      (66, [bundle, "--image", "empty", "--raw", "o"], "found none"),
      (73, [bundle, "--image", "p.png", "-o", "p.png", "--force"], "is the input \"p.png\" and"),
      (
        73, [bundle, "--image", "p.png", "--raw", "bundle", "--force"],
        "bundle\" and would be replaced"
      ),
      (73, [bundle, "--image", "p.png", "-o", "damaged.png"], "damaged.png"),
    ]
    for (status, arguments, words) in cases {
      let result = try depthvla(["run"] + arguments, in: scratch.path)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(words), "\(arguments): \(result.error)")
      #expect(result.output == "", "\(arguments)")
      #expect(try scratch.entries == entries, "\(arguments)")
    }
    #expect(try scratch.bytes(of: "p.png") == kept)
    #expect(try scratch.bytes(of: "bundle") == before)
  }

  /// A folder is replaced as a whole, so it may hold no input under any name.
  @Test(arguments: ["the bundle", "a picture"])
  func noFolderThatHoldsAnInputIsReplaced(_ what: String) throws {
    var bundle = try bundle("depth-anything-v2-metric/hf")
    let folder = try photos([("rgb8.png", "a.png")])
    try scratch.makeFolder("out")
    if what == "the bundle" {
      try scratch.write(try scratch.bytes(of: "bundle"), to: "out/kept")
      try scratch.link("link", to: "out/kept")
      bundle = scratch("link")
    } else {
      try scratch.write(FixtureFolder.bytes("images/rgb8.png"), to: "out/kept")
      try scratch.link("photos/b.png", to: "../out/kept")
    }
    let result = try depthvla(
      "run", bundle, "--image", folder, "--raw", scratch("out"), "--force")
    #expect(result.status == 73 && result.error.contains("is the folder of the input"))
    #expect(try ScratchFolder.names(in: scratch("out")) == ["kept"])
  }
}
