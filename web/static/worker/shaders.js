// @ts-check
// What the graphics processor is told, in GLSL ES 3.00.

const head = `#version 300 es
precision highp float;
`;

/** One triangle that covers everything; `turn` is 1 to turn it over. */
export const place = `${head}
uniform float turn;
out vec2 at;
void main() {
  vec2 p = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  at = vec2(p.x, mix(p.y, 1.0 - p.y, turn));
  gl_Position = vec4(p * 2.0 - 1.0, 0.0, 1.0);
}`;

/** Copies a picture into a smaller one: four looks at each point lose no lines. */
export const copy = `${head}
uniform sampler2D picture;
in vec2 at;
out vec4 colour;
void main() {
  vec2 d = 0.25 * vec2(dFdx(at.x), dFdy(at.y));
  colour = 0.25 * (texture(picture, at + d) + texture(picture, at - d)
    + texture(picture, at + vec2(d.x, -d.y)) + texture(picture, at + vec2(-d.x, d.y)));
}`;

/** What is behind people: colours times their weight, and the weight. */
export const behind = `${head}
uniform sampler2D frame;
uniform sampler2D mask;
in vec2 at;
out vec4 colour;
void main() {
  float weight = 1.0 - texture(mask, at).r;
  colour = vec4(texture(frame, at).rgb * weight, weight);
}`;

/** One direction of a blur by a bell curve, nine points and those between them. */
export const smooth = `${head}
uniform sampler2D picture;
uniform vec2 stride;
in vec2 at;
out vec4 colour;
void main() {
  colour = 0.1964825 * texture(picture, at);
  colour += 0.2969069 * (texture(picture, at + 1.4117647 * stride) + texture(picture, at - 1.4117647 * stride));
  colour += 0.0944704 * (texture(picture, at + 3.2941176 * stride) + texture(picture, at - 3.2941176 * stride));
  colour += 0.0103814 * (texture(picture, at + 5.1764706 * stride) + texture(picture, at - 5.1764706 * stride));
}`;

/** People before the background. */
export const together = `${head}
uniform sampler2D frame;
uniform sampler2D mask;
uniform sampler2D back;
uniform vec2 cover;
in vec2 at;
out vec4 colour;
void main() {
  float person = smoothstep(0.3, 0.7, texture(mask, at).r);
  vec4 other = texture(back, 0.5 + (at - 0.5) * cover);
  colour = vec4(mix(other.rgb / max(other.a, 0.004), texture(frame, at).rgb, person), 1.0);
}`;
