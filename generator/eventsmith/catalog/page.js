"use strict";
const field = document.querySelector("#filter");
const none = document.querySelector("#none");
const articles = [...document.querySelectorAll("main article")];
field.closest("label").hidden = false;
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/);
  for (const article of articles) {
    const text = article.textContent.toLowerCase();
    article.hidden = !words.every((word) => text.includes(word));
  }
  none.hidden = articles.some((article) => !article.hidden);
});
