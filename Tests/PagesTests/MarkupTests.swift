import DVLAPages
import Testing

struct MarkupTests {
  @Test func whatIsPutIntoMarkupIsNeverMarkup() {
    let name = "<script>alert('1')</script> & \"x\""
    let markup: Markup = "<p title=\"\(name)\">\(name)</p>"
    let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;"
    #expect(markup.html == "<p title=\"\(escaped)\">\(escaped)</p>")
  }

  /// A right-to-left override would turn the rest of a line around, and a line feed end it.
  @Test func whatABrowserDoesNotShowIsShown() {
    #expect(Markup(text: "a\u{202E}b\nc\u{0}").html == "a\\u{202e}b\\u{a}c\\u{0}")
  }

  @Test func whatStandsBetweenBackticksIsCode() {
    #expect(Markup(prose: "run `a < b` now").html == "run <code>a &lt; b</code> now")
    #expect(Markup(prose: "<b>").html == "&lt;b&gt;")
  }

  @Test func aLongNameBreaksBetweenItsPartsAndANumberDoesNot() {
    #expect(
      Markup(name: "vlm.layers.7.self_attn").html == "vlm.<wbr>layers.7.<wbr>self_<wbr>attn")
    #expect(Markup(name: "a/0.25/").html == "a/<wbr>0.25/")
    #expect(Markup(name: "").html == "")
    #expect(
      Markup(prose: "camera observation/image of `depth.encoder.layer`, 0.25 or a/b").html
        == "camera observation/<wbr>image of <code>depth.<wbr>encoder.<wbr>layer</code>, 0.25 or a/b"
    )
  }

  @Test func markupInMarkupIsNotEscapedTwice() {
    let inner: Markup = "<b>\("1 < 2")</b>"
    #expect(("<p>\(inner)</p>" as Markup).html == "<p><b>1 &lt; 2</b></p>")
    #expect((inner + " \(3)").html == "<b>1 &lt; 2</b> 3")
    #expect(Markup.joined([inner, "x"], by: "<br>").html == "<b>1 &lt; 2</b><br>x")
  }
}

struct PageTests {
  private let html = Page(title: "A <b> & \u{202E}c", body: "<p>text</p>\n").html

  @Test func nothingIsFetchedAndNothingRuns() {
    #expect(
      html.contains(
        """
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
        style-src 'unsafe-inline'; img-src data:">
        """))
    for word in ["<script", "http://", "https://", "@import", "url(", "<link", " onload="] {
      #expect(!html.contains(word), "\(word)")
    }
  }

  @Test func theTitleIsEscapedAndTheBodyIsAsGiven() {
    #expect(html.contains("<title>A &lt;b&gt; &amp; \\u{202e}c</title>"))
    #expect(html.contains("<main>\n<p>text</p>\n</main>"))
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">\n"))
  }
}
