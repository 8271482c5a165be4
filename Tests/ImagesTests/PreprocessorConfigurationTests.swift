import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLATensors
import Testing

@Suite struct PreprocessorConfigurationTests {
  @Test func readsTheKeysThatPaliGemmaHas() throws {
    let processor = try SiglipProcessor(
      preprocessorConfig: object(
        """
        {"do_convert_rgb": null, "do_normalize": true, "do_rescale": true, "do_resize": true,
         "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "SiglipImageProcessor",
         "image_seq_length": 1024, "image_std": [0.5, 0.5, 0.5],
         "processor_class": "PaliGemmaProcessor", "resample": 3,
         "rescale_factor": 0.00392156862745098, "size": {"height": 448, "width": 448}}
        """))
    #expect(processor.size == PixelSize(height: 448, width: 448))
    #expect(processor.normalization == PixelNormalization(.half))
  }

  @Test func readsTheKeysThatDepthAnythingHas() throws {
    let processor = try DepthAnythingProcessor(
      preprocessorConfig: object(
        """
        {"do_normalize": true, "do_pad": false, "do_rescale": true, "do_resize": true,
         "ensure_multiple_of": 14, "image_mean": [0.485, 0.456, 0.406],
         "image_processor_type": "DPTImageProcessor", "image_std": [0.229, 0.224, 0.225],
         "keep_aspect_ratio": true, "resample": 3, "rescale_factor": 0.00392156862745098,
         "size": {"height": 518, "width": 518}, "size_divisor": null}
        """))
    let standard = DepthAnythingProcessor()
    #expect(processor.size == standard.size)
    #expect(processor.multiple == 14)
    #expect(processor.keepsAspectRatio)
    #expect(processor.normalization == standard.normalization)
  }

  @Test func readsTheKeysThatDINOv2Has() throws {
    let processor = try DINOv2Processor(
      preprocessorConfig: object(
        """
        {"crop_size": {"height": 224, "width": 224}, "do_center_crop": true,
         "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
         "image_mean": [0.485, 0.456, 0.406], "image_processor_type": "BitImageProcessor",
         "image_std": [0.229, 0.224, 0.225], "resample": 3,
         "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}}
        """))
    let standard = DINOv2Processor()
    #expect(processor.resize == standard.resize)
    #expect(processor.cropSize == standard.cropSize)
    #expect(processor.normalization == standard.normalization)
  }

  @Test func fillsInWhatUpstreamsClassesFillIn() throws {
    let siglip = try SiglipProcessor(preprocessorConfig: object("{}"))
    #expect(siglip.size == PixelSize(height: 224, width: 224))
    #expect(siglip.normalization == PixelNormalization(.half))
    let depth = try DepthAnythingProcessor(preprocessorConfig: object("{}"))
    #expect(depth.size == PixelSize(height: 384, width: 384))
    #expect(depth.multiple == 1)
    #expect(!depth.keepsAspectRatio)
    #expect(depth.normalization == PixelNormalization(.half))
    let dinov2 = try DINOv2Processor(preprocessorConfig: object("{}"))
    #expect(dinov2.resize == .shortestEdge(224))
    #expect(dinov2.normalization.meanAndDeviation?.mean == [0.48145466, 0.4578275, 0.40821073])
  }

  @Test func honoursEverySwitch() throws {
    let picture = RGBImage(width: 2, height: 1, pixels: [0, 51, 255, 1, 2, 3])
    let plain = try SiglipProcessor(
      preprocessorConfig: object(
        #"{"do_resize": false, "do_rescale": false, "do_normalize": false}"#))
    #expect(try plain(picture).values == [0, 1, 51, 2, 255, 3])
    let rescaled = try SiglipProcessor(
      preprocessorConfig: object(
        #"{"do_resize": false, "rescale_factor": 0.5, "do_normalize": false}"#))
    #expect(try rescaled(picture).values == [0, 0.5, 25.5, 1, 127.5, 1.5])
    let normalized = try DINOv2Processor(
      preprocessorConfig: object(
        """
        {"do_resize": false, "do_center_crop": false, "do_rescale": false, "image_mean": 1,
         "image_std": [1, 2, 4]}
        """))
    #expect(try normalized(picture).values == [-1, 0, 25, 0.5, 63.5, 0.5])
  }

  @Test func readsSizesOfOneNumberAsEachClassDoes() throws {
    let depth = try DepthAnythingProcessor(preprocessorConfig: object(#"{"size": 70}"#))
    #expect(depth.size == PixelSize(height: 70, width: 70))
    let dinov2 = try DINOv2Processor(
      preprocessorConfig: object(#"{"size": 32, "crop_size": 28}"#))
    #expect(dinov2.resize == .shortestEdge(32))
    #expect(dinov2.cropSize == PixelSize(height: 28, width: 28))
    let square = try DINOv2Processor(
      preprocessorConfig: object(#"{"size": 32, "default_to_square": true}"#))
    #expect(square.resize == .exact(PixelSize(height: 32, width: 32)))
  }

  @Test(arguments: [
    (#"{"resample": 1}"#, "preprocessor.unsupported", "lanczos"),
    (#"{"resample": "box"}"#, "preprocessor.unsupported", "box"),
    (#"{"resample": null}"#, "preprocessor.value", "resample"),
    (#"{"size": null}"#, "preprocessor.value", "size"),
    (#"{"size": [224]}"#, "preprocessor.value", "size"),
    (#"{"size": {"max_height": 224, "max_width": 224}}"#, "preprocessor.unsupported", "size"),
    (#"{"rescale_factor": 0}"#, "preprocessor.value", "rescale_factor"),
    (#"{"image_mean": null}"#, "preprocessor.value", "image_mean"),
    (#"{"resample": 9}"#, "json.type", "resample"),
    (#"{"do_pad": true}"#, "preprocessor.unsupported", "do_pad"),
    (#"{"do_center_crop": true}"#, "preprocessor.unsupported", "do_center_crop"),
    (#"{"size": 224}"#, "preprocessor.unsupported", "size"),
    (#"{"size": {"longest_edge": 224}}"#, "preprocessor.unsupported", "longest_edge"),
    (#"{"size": {"height": 0, "width": 224}}"#, "json.type", "height"),
    (#"{"size": {"height": 99999, "width": 224}}"#, "json.type", "height"),
    (#"{"size": "large"}"#, "json.type", "size"),
    (#"{"do_resize": 2}"#, "json.type", "do_resize"),
    (#"{"do_resize": "no"}"#, "json.type", "do_resize"),
    (#"{"image_mean": [0.5, 0.5]}"#, "preprocessor.value", "image_mean"),
    (#"{"image_std": [0.5, 0, 0.5]}"#, "preprocessor.value", "image_std"),
    (#"{"image_std": -1}"#, "preprocessor.value", "image_std"),
    (#"{"image_mean": 1e300}"#, "preprocessor.value", "image_mean"),
    (#"{"rescale_factor": "1/255"}"#, "json.type", "rescale_factor"),
    (#"{"data_format": "channels_last"}"#, "preprocessor.unsupported", "data_format"),
    (#"{"image_processor_type": "CLIPImageProcessor"}"#, "preprocessor.unsupported", "CLIP"),
    (#"{"backend": "pil"}"#, "preprocessor.unsupported", "image_backend"),
  ])
  func refusesByName(text: String, code: String, word: String) throws {
    let config = try object(text)
    do throws(WeightsError) {
      _ = try SiglipProcessor(preprocessorConfig: config)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.code.rawValue == code, "\(error)")
      #expect(error.message.contains(word), "\(error)")
    }
  }

  private func object(_ text: String) throws -> JSONObject {
    try #require(try StrictJSON.parse(text).object)
  }
}
