// The bundler turns imported style sheets into console.css.
declare module '*.css';
